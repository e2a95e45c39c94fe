# A clinic: its tables, what of them are customers and events, and its zone.
#
# A column is {name, type (of SQL), kind (of the language), sql}: `name` is how an
# expression says it (a path of names), `sql` how a query does, as a value of the
# language's type.
package Oracle::World;
use strict;
use warnings;
use utf8;

use Exporter 'import';
use Oracle::Language;
use Oracle::Random;
our @EXPORT = qw(make_world own_columns world_tables world_registration identifier literal);

# A zone, and a clock near one of its odd hours.
my @moments = (
	[ 'Asia/Shanghai', '2026-06-30 12:00:00+08' ], [ 'UTC', '2024-02-28 23:00:00+00' ],
	[ 'America/New_York', '2026-03-07 23:30:00-05' ], [ 'America/St_Johns', '2010-11-06 23:00:00-02:30' ],
	[ 'America/Sao_Paulo', '2018-11-03 22:00:00-03' ], [ 'Pacific/Apia', '2011-12-28 12:00:00-10' ],
	[ 'America/New_York', '2026-10-31 23:59:59.999999-04' ], [ 'America/Sao_Paulo', '2018-02-17 23:30:00-02' ],
	[ 'America/St_Johns', '2010-03-13 12:00:00-03:30' ], [ 'Asia/Shanghai', '2024-02-29 00:00:00+08' ],
	[ 'UTC', '2025-12-31 23:59:59.999999+00' ], [ 'Pacific/Apia', '2012-04-01 03:00:00+14' ]);

# Keys of customers 1, 2, ...: type, and the key of number $1.
my @keys = (
	[ 'bigint', 'n * 1000000007::bigint' ], [ 'int', 'n - 3' ], [ 'uuid', 'md5(n::text)::uuid' ],
	[ 'text', q{CASE n % 4 WHEN 0 THEN '客户' || n WHEN 1 THEN 'k"' || n WHEN 2 THEN 'K''' || n ELSE 'k ' || n END} ],
	[ 'varchar(30)', q{'Č' || n} ], [ 'smallint', 'n::smallint' ]);

my %read = (
	'numeric(12,2)' => sub { "$_[0]" }, 'int' => sub { "$_[0]::numeric" }, 'numeric' => sub { "oracle.known($_[0])" },
	'float8' => sub { "oracle.known($_[0])" }, 'text' => sub { $_[0] }, 'varchar(20)' => sub { "$_[0]::text" },
	'clinic.level' => sub { "$_[0]::text" }, 'uuid' => sub { "$_[0]::text" }, 'boolean' => sub { $_[0] },
	'date' => sub { $_[0] }, 'timestamp' => sub { "($_[0] AT TIME ZONE '$_[1]')" }, 'timestamptz' => sub { $_[0] },
	'text[]' => sub { $_[0] });

my %kind = (
	'numeric(12,2)' => 'number', 'int' => 'number', 'numeric' => 'number', 'float8' => 'number', 'text' => 'text',
	'varchar(20)' => 'text', 'clinic.level' => 'text', 'uuid' => 'text', 'boolean' => 'boolean', 'date' => 'date',
	'timestamp' => 'instant', 'timestamptz' => 'instant', 'text[]' => 'array');

sub identifier
{
	my ($name) = @_;
	return '"' . ($name =~ s/"/""/gr) . '"';
}

sub literal
{
	my ($text) = @_;
	return "'" . ($text =~ s/'/''/gr) . "'";
}

# A table's columns, given as name => type, ...
sub columns
{
	my ($zone, $alias, @list) = @_;
	my @columns;

	while (my ($name, $type) = splice @list, 0, 2)
	{
		push @columns,
			{ name => [$name], type => $type, kind => $kind{$type}, sql => $read{$type}->("$alias." . identifier($name), $zone) };
	}
	return @columns;
}

my @event_columns = (
	'net' => 'numeric(12,2)', 'quantity' => 'int', 'Rating' => 'float8', 'category' => 'text', '渠道' => 'varchar(20)',
	'level' => 'clinic.level', 'device' => 'uuid', 'online' => 'boolean', 'labels' => 'text[]', 'valid_on' => 'date', 'booked' => 'timestamp',
	'closed_at' => 'timestamptz');

# A table of events, or several that are one source.
sub flat_source
{
	my ($zone, $name, $time_type, @relations) = @_;
	my @list = @event_columns;

	return {
		name => $name, relations => \@relations, time_type => $time_type, tolerance => chance(0.15) ? one_of('2 hours', '1 day') : undef,
		columns => [ columns($zone, 'e', @list) ], filtered => chance(0.2) };
}

sub make_world
{
	my ($number) = @_;
	my ($zone, $clock) = @{ $moments[ $number % @moments ] };
	my ($key_type, $key) = @{ $keys[ int($number / 2) % @keys ] };

	my @lines = columns($zone, 'e', 'amount' => 'numeric(12,2)', 'quantity' => 'int', 'note' => 'text');
	push @lines, columns($zone, 'h', 'clerk' => 'varchar(20)', 'discount' => 'numeric(12,2)');
	push @lines, columns($zone, 'l', 'category' => 'text', 'brand' => 'clinic.level', 'price' => 'numeric(12,2)');
	$_->{name} = [ 'bill_id', @{ $_->{name} } ] for @lines[ 3, 4 ];
	$_->{name} = [ 'product_id', @{ $_->{name} } ] for @lines[ 5 .. 7 ];

	my @branch = columns($zone, 's', 'region' => 'text', 'opened_on' => 'date');
	for my $column (@branch)
	{
		$column->{sql} = "s.branch_$column->{name}[0]";
		unshift @{ $column->{name} }, 'branch_id';
	}

	return {
		number => $number,
		zone => $zone,
		clock => $clock,
		population => one_of('customer', '客户', 'Cus"tomer'),
		key_type => $key_type,
		event_key_type => $key_type eq 'int' ? one_of('int', 'bigint') : $key_type,
		key => $key,
		key_column => one_of('id', '编号'),
		branch_columns => \@branch,
		columns => [
			@branch, columns($zone, 's',
				'budget' => 'numeric(12,2)', 'visits' => 'int', 'weight' => 'float8', '姓名' => 'text', 'city' => 'varchar(20)',
				'Level' => 'clinic.level', 'device' => 'uuid', 'member' => 'boolean', '生日' => 'date', 'seen' => 'timestamp',
				'joined_at' => 'timestamptz', 'interests' => 'text[]')
		],
		sources => [
			flat_source($zone, 'payment', one_of('timestamptz', 'timestamptz', 'timestamp'), 'payment'),
			flat_source($zone, one_of('visit', '到诊'), one_of('date', 'timestamp', 'timestamptz'), 'Visit'),
			flat_source($zone, 'message', 'timestamptz', 'message_a', 'message_b'),
			{
				name => 'treatment', time_type => 'timestamptz', columns => \@lines, lines => 1, filtered => 0 }
		] };
}

# The columns of the customer table itself, without those it looks up.
sub own_columns { return grep { @{ $_->{name} } == 1 } @{ $_[0]{columns} } }

# The statements that make the tables, and a view of each source's events: customer's
# key, instant and columns, as the language reads them.
sub world_tables
{
	my ($world) = @_;
	my ($zone, $key_type, $event_key) = @$world{qw(zone key_type event_key_type)};
	my $key = identifier($world->{key_column});
	my $body = sub { join ', ', map { identifier($_->{name}[-1]) . " $_->{type}" } @_ };
	my $sql = <<"SQL";
CREATE SCHEMA clinic;
CREATE TYPE clinic.level AS ENUM ('platinum', 'gold', 'silver', '普通');
CREATE TABLE clinic.branch (branch_id int PRIMARY KEY, @{[ $body->(@{ $world->{branch_columns} }) ]});
CREATE TABLE clinic."Customer" ($key $key_type PRIMARY KEY, branch_id int REFERENCES clinic.branch, @{[ $body->(own_columns($world)) ]});
CREATE VIEW oracle.customer AS SELECT c.*, c.$key AS oracle_key, @{[ join ', ', map { "b.$_->{name}[-1] AS branch_$_->{name}[-1]" } @{ $world->{branch_columns} } ]}
    FROM clinic."Customer" AS c LEFT JOIN clinic.branch AS b ON b.branch_id = c.branch_id;
CREATE FUNCTION oracle.key(n int) RETURNS $event_key IMMUTABLE RETURN ($world->{key})::$event_key;
SQL

	for my $i (0 .. $#{ $world->{sources} })
	{
		my $source = $world->{sources}[$i];
		my $time = { date => "(e.at::timestamp AT TIME ZONE '$zone')", timestamp => "(e.at AT TIME ZONE '$zone')", timestamptz => 'e.at' }
			->{ $source->{time_type} };
		my $list = join ', ', map { "$source->{columns}[$_]{sql} AS c$_" } 0 .. $#{ $source->{columns} };
		$source->{columns}[$_]{sql} = "e.c$_" for 0 .. $#{ $source->{columns} };

		$source->{view} = "oracle.source_$i";
		if ($source->{lines})
		{
			$sql .= <<"SQL";
CREATE TABLE clinic.product (product_id int PRIMARY KEY, category text, brand clinic.level, price numeric(12,2));
CREATE TABLE clinic.bill (bill_id int PRIMARY KEY, customer_id $event_key, paid_at timestamptz, clerk varchar(20), discount numeric(12,2));
CREATE TABLE clinic.line (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bill_id int REFERENCES clinic.bill ON DELETE CASCADE,
    product_id int REFERENCES clinic.product ON DELETE SET NULL, amount numeric(12,2), quantity int, note text);
CREATE INDEX ON clinic.bill (customer_id);
CREATE INDEX ON clinic.line (bill_id);
CREATE INDEX ON clinic.line (product_id);
CREATE VIEW $source->{view} AS SELECT h.customer_id AS key, h.paid_at AS t, $list
    FROM clinic.line AS e JOIN clinic.bill AS h USING (bill_id) LEFT JOIN clinic.product AS l USING (product_id);
SQL
			next;
		}
		for my $relation (@{ $source->{relations} })
		{
			my $name = identifier($relation);
			$sql .= <<"SQL";
CREATE TABLE clinic.$name (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner_key $event_key, at $source->{time_type},
    @{[ $body->(@{ $source->{columns} }) ]});
CREATE INDEX ON clinic.$name (owner_key, at);
SQL
		}
		$sql .= "CREATE VIEW $source->{view} AS "
			. join(' UNION ALL ', map { 'SELECT e.owner_key AS key, ' . "$time AS t, $list FROM clinic." . identifier($_) . ' AS e' } @{ $source->{relations} })
			. ";\n";
	}
	return $sql;
}

# The statements that tell the engine about the tables.
sub world_registration
{
	my ($world) = @_;
	my $population = literal($world->{population});
	my $sql = "SELECT clientele.create_population($population, 'clinic.\"Customer\"', "
		. literal($world->{key_column}) . ", '$world->{zone}');\n";

	for my $source (@{ $world->{sources} })
	{
		my $name = literal($source->{name});
		my $options = defined $source->{tolerance} ? ", future_tolerance => '$source->{tolerance}'" : '';
		$options .= ', filter => ' . literal(expression_text($source->{filter})) if $source->{filter};
		if ($source->{lines})
		{
			$sql .= "SELECT clientele.add_source($population, $name, 'clinic.line', 'bill_id.customer_id', 'bill_id.paid_at', amount => 'amount'$options);\n";
			next;
		}
		$sql .= "SELECT clientele.add_source($population, $name, "
			. literal('clinic.' . identifier($_)) . ", 'owner_key', 'at'$options);\n"
			for @{ $source->{relations} };
	}
	return $sql;
}

1;
