# The packages of 14 have this module under its old name only.
package PostgreSQL::Test::Cluster;
use strict;
use warnings;

use PostgresNode ();

sub new
{
	my ($class, @arguments) = @_;
	return PostgresNode->get_new_node(@arguments);
}

1;
