# The packages of 14 have this module under its old name only.
package PostgreSQL::Test::Utils;
use strict;
use warnings;

BEGIN { *PostgreSQL::Test::Utils:: = \*TestLib::; }
use TestLib ();

1;
