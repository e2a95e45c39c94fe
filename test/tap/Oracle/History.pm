# What happens at a clinic: random changes of its tables, and of the clock.
#
# Statements place events relative to oracle.now(), so that a clock moved to an
# instant that only the database knows still has events around it.
package Oracle::History;
use strict;
use warnings;
use utf8;

use Exporter 'import';
use Oracle::Generator 'values_of';
use Oracle::Language;
use Oracle::Random;
use Oracle::World;
our @EXPORT = qw(helpers first_rows change clock_move);

my $customers = 12;

sub helpers
{
	my ($world) = @_;
	return <<"SQL";
CREATE FUNCTION oracle.now() RETURNS timestamptz STABLE RETURN current_setting('clientele.clock')::timestamptz;
CREATE FUNCTION oracle.midnight(days int) RETURNS timestamptz STABLE RETURN
    ((oracle.now() AT TIME ZONE '$world->{zone}')::date + days)::timestamp AT TIME ZONE '$world->{zone}';
SQL
}

# An instant near the clock, near a bound of some window, or long ago.
sub instant
{
	my $kind = int rand 12;
	my $microsecond = one_of('', '', " - interval '1 microsecond'", " + interval '1 microsecond'");

	return "(oracle.now() - interval '" . between(0, 80) . " hours'$microsecond)" if $kind <= 2;
	return 'oracle.midnight(-' . between(0, 45) . ')' . $microsecond if $kind <= 5;
	return "(oracle.now() - interval '" . between(0, chance(0.6) ? 45 : 400) . " days " . between(0, 1440) . " minutes')" if $kind <= 8;
	return "(oracle.now() - interval '" . between(0, 40) . " months'$microsecond)" if $kind == 9;
	return "(oracle.now() + interval '" . between(1, 60) . " hours'$microsecond)" if $kind == 10;
	return "oracle.now()$microsecond";
}

sub at_type
{
	my ($world, $type, $instant) = @_;
	return $instant if $type eq 'timestamptz';
	return "(($instant) AT TIME ZONE '$world->{zone}')" . ($type eq 'date' ? '::date' : '');
}

sub value
{
	my ($world, $type, $birthday) = @_;

	return 'NULL' if chance(0.12);
	return one_of("'NaN'", "'Infinity'", '0', '2.5', '0.1', '1e15', '20000', '-3.75') if $type eq 'float8';
	return "'" . one_of('{}', '{skin}', '{skin,双眼皮}', '{NULL,A}', '{"","z "}') . "'" if $type eq 'text[]';
	return one_of('true', 'false') if $type eq 'boolean';
	return literal(one_of(values_of($type eq 'clinic.level' ? 'level' : 'uuid'))) . "::$type" if $type =~ /level|uuid/;
	return literal(one_of(values_of('text'))) if $type =~ /text|varchar/;
	return int(one_of(values_of('number'))) if $type eq 'int';
	return one_of(values_of('number')) if $type =~ /numeric/;
	return "date '" . one_of(values_of(chance(0.5) ? 'birthday' : 'date')) . "'" if $type eq 'date' && chance(0.4);
	# an anniversary about now
	return "(oracle.midnight(" . between(-2, 2) . ") - interval '" . between(1, 30) . " years')" . ($type eq 'date' ? '::date' : '') if chance(0.2);
	return at_type($world, $type, instant());
}

sub key
{
	return 'NULL' if chance(0.03);
	return 'oracle.key(' . between(1, $customers + 2) . ')';
}

sub name_of { return identifier($_[0]{name}[-1]) }

sub branch { return one_of('NULL', 1, 2, 3) }

sub insert_customer
{
	my ($world, $number) = @_;
	my @columns = own_columns($world);
	return 'INSERT INTO clinic."Customer" (' . join(', ', identifier($world->{key_column}), 'branch_id', map { name_of($_) } @columns) . ') VALUES ('
		. join(', ', "oracle.key($number)", branch(), map { value($world, $_->{type}, 1) } @columns) . ') ON CONFLICT DO NOTHING;';
}

sub insert_events
{
	my ($world, $source, $count) = @_;
	my $relation = identifier(one_of(@{ $source->{relations} }));
	my @columns = @{ $source->{columns} };
	my @rows;

	for (1 .. $count)
	{
		my $at = chance(0.03) ? 'NULL' : chance(0.01) ? "'infinity'" : at_type($world, $source->{time_type}, instant());
		push @rows, '(' . join(', ', key(), $at, map { value($world, $_->{type}) } @columns) . ')';
	}
	return "INSERT INTO clinic.$relation (owner_key, at, " . join(', ', map { name_of($_) } @columns) . ') VALUES ' . join(', ', @rows) . ';';
}

sub insert_bill
{
	my ($world) = @_;
	my $number = '(SELECT coalesce(max(bill_id), 0)';
	my $at = chance(0.05) ? 'NULL' : instant();
	my $lines = join ', ', map { "((SELECT max(bill_id) FROM clinic.bill), " . product() . ', '
		. join(', ', map { value($world, $_) } 'numeric(12,2)', 'int', 'text') . ')' } 1 .. between(1, 3);

	return "INSERT INTO clinic.bill SELECT coalesce(max(bill_id), 0) + 1, " . key() . ", $at, "
		. join(', ', map { value($world, $_) } 'varchar(20)', 'numeric(12,2)') . ' FROM clinic.bill;'
		. "\nINSERT INTO clinic.line (bill_id, product_id, amount, quantity, note) VALUES $lines;";
}

sub product { return chance(0.1) ? 'NULL' : '(SELECT product_id FROM clinic.product ORDER BY md5(product_id::text || \'' . int(rand 1000) . '\') LIMIT 1)' }

sub first_rows
{
	my ($world) = @_;
	my @statements = map { "INSERT INTO clinic.branch VALUES ($_, " . join(', ', map { value($world, $_->{type}) } @{ $world->{branch_columns} }) . ');' } 1 .. 3;

	push @statements, map { insert_customer($world, $_) } 1 .. $customers - 1;

	push @statements, "INSERT INTO clinic.product VALUES " . join(', ', map { "($_, " . join(', ', map { value($world, $_) } 'text', 'clinic.level', 'numeric(12,2)') . ')' } 1 .. 6) . ';';
	for my $source (@{ $world->{sources} })
	{
		push @statements, $source->{lines} ? (map { insert_bill($world) } 1 .. 40) : insert_events($world, $source, 90);
	}
	return join "\n", @statements;
}

# Some row of a table, chosen by chance but the same each time.
sub some_row
{
	my ($table, $id) = @_;
	return "$id = (SELECT $id FROM $table ORDER BY md5($id\::text || '" . int(rand 10000) . "') LIMIT 1)";
}

sub update
{
	my ($world, $table, $id, @columns) = @_;
	my @set = map { name_of($_) . ' = ' . value($world, $_->{type}) } some_of(between(1, 3), @columns);
	return "UPDATE $table SET " . join(', ', @set) . ' WHERE ' . some_row($table, $id) . ';';
}

sub change_flat
{
	my ($world, $source) = @_;
	my $table = 'clinic.' . identifier(one_of(@{ $source->{relations} }));
	my $kind = int rand 20;

	return insert_events($world, $source, between(1, 3)) if $kind <= 7;
	return update($world, $table, 'id', @{ $source->{columns} }) if $kind <= 11;
	return "UPDATE $table SET at = " . at_type($world, $source->{time_type}, instant()) . ' WHERE ' . some_row($table, 'id') . ';' if $kind <= 13;
	return "UPDATE $table SET owner_key = " . key() . ' WHERE ' . some_row($table, 'id') . ';' if $kind <= 15;
	return "DELETE FROM $table WHERE " . some_row($table, 'id') . ';' if $kind <= 17;
	return "DELETE FROM $table WHERE id % 7 = " . between(0, 6) . ';' if $kind == 18;
	return chance(0.3) ? "TRUNCATE $table;" : "UPDATE $table SET net = -net WHERE id % 5 = " . between(0, 4) . ';';
}

sub change_lines
{
	my ($world, $source) = @_;
	my ($bill, $line, $product) = map { "clinic.$_" } 'bill', 'line', 'product';
	my @line = @{ $source->{columns} }[ 0 .. 2 ];
	my $kind = int rand 20;

	return insert_bill($world) if $kind <= 6;
	return update($world, $line, 'id', @line) if $kind <= 8;
	return update($world, $bill, 'bill_id', @{ $source->{columns} }[ 3, 4 ]) if $kind == 9;
	return "UPDATE $bill SET paid_at = " . instant() . ' WHERE ' . some_row($bill, 'bill_id') . ';' if $kind == 10;
	return "UPDATE $bill SET customer_id = " . key() . ' WHERE ' . some_row($bill, 'bill_id') . ';' if $kind <= 12;
	return "UPDATE $line SET bill_id = (SELECT bill_id FROM $bill WHERE " . some_row($bill, 'bill_id') . ') WHERE ' . some_row($line, 'id') . ';' if $kind <= 14;
	return update($world, $product, 'product_id', @{ $source->{columns} }[ 5 .. 7 ]) if $kind == 15;
	return "DELETE FROM $line WHERE " . some_row($line, 'id') . ';' if $kind == 16;
	return "DELETE FROM $bill WHERE " . some_row($bill, 'bill_id') . ';' if $kind == 17;
	return "UPDATE $line SET product_id = " . product() . ' WHERE ' . some_row($line, 'id') . ';' if $kind == 18;
	return chance(0.2) ? 'TRUNCATE clinic.bill, clinic.line;' : 'DELETE FROM clinic.product WHERE product_id > 3 AND ' . some_row($product, 'product_id') . ';'
		. "\nINSERT INTO clinic.product SELECT coalesce(max(product_id), 0) + 1, 'skin', 'gold', 10 FROM clinic.product;";
}

sub change_customer
{
	my ($world) = @_;
	my ($table, $key) = ('clinic."Customer"', identifier($world->{key_column}));
	my $kind = int rand 12;

	return update($world, 'clinic.branch', 'branch_id', @{ $world->{branch_columns} }) if $kind == 11;
	return "UPDATE $table SET branch_id = " . branch() . ' WHERE ' . some_row($table, $key) . ';' if $kind == 10;
	return update($world, $table, $key, own_columns($world)) if $kind <= 5;
	return insert_customer($world, between(1, $customers + 2)) if $kind <= 7;
	return "DELETE FROM $table WHERE " . some_row($table, $key) . ';' if $kind == 8;
	return "UPDATE $table SET $key = oracle.key(" . ($customers + 3) . ") WHERE $key = oracle.key(" . between(1, $customers) . ')'
		. " AND NOT EXISTS (SELECT FROM $table WHERE $key = oracle.key(" . ($customers + 3) . '));';
}

# Somebody gives a customer a tag, pins a label, or takes it back: to the extension and to plain SQL.
sub speak
{
	my ($world) = @_;
	my @labelled = grep { labels_of($_) } @{ $world->{model}{definitions} };
	my @tags = ((map { $_->{name} } grep { $_->{kind} eq 'tag' } @{ $world->{model}{definitions} }), 'wine', '怕针', "it's hers", 'Z');
	my $pinned = @labelled && chance(0.5) ? one_of(@labelled) : undef;
	my ($kind, $name, $label) = $pinned ? ('pin', $pinned->{name}, one_of(labels_of($pinned))) : ('tag', one_of(@tags), 'given');
	my ($population, $key) = (literal($world->{population}), identifier($world->{key_column}));
	my $customer = "FROM clinic.\"Customer\" AS c WHERE c.$key = oracle.key(" . between(1, $customers) . ')';
	my $arguments = "$population, c.$key, " . literal($name);
	my $row = "INSERT INTO oracle.statement (key, kind, name, label, since, until) SELECT c.$key\::text, '$kind', " . literal($name) . ', ' . literal($label) . ', oracle.now()';

	if (chance(0.3))
	{
		return "SELECT clientele.un$kind" . ($pinned ? '_label' : '_customer') . "($arguments) $customer;\n"
			. "$row, oracle.now() $customer AND oracle.said(c.$key\::text, '$kind', " . literal($name) . ', oracle.now()) IS NOT NULL;';
	}
	my $until = one_of('NULL', "oracle.now() + interval '1 microsecond'", "oracle.now() + interval '" . between(1, 100) . " hours'",
		'oracle.midnight(' . between(1, 40) . ")" . one_of('', " + interval '1 microsecond'"));
	my $call = $pinned ? "pin_label($arguments, " . literal($label) : "tag_customer($arguments";
	return "SELECT clientele.$call, until => $until) $customer;\n$row, $until $customer;";
}

sub one_change
{
	my ($world) = @_;
	my $source = one_of(@{ $world->{sources} });

	return speak($world) if chance(0.2);

	return change_customer($world) if chance(0.2);
	return $source->{lines} ? change_lines($world, $source) : change_flat($world, $source);
}

# A transaction's statements, each behind `look` by chance; some of it rolled back.
sub change
{
	my ($world, $look) = @_;
	my $peek = sub { chance(0.15) ? "$look\n" : '' };
	my @statements = map { one_change($world) . "\n" . $peek->() } 1 .. between(1, 3);

	return $statements[0] if chance(0.45);
	if (chance(0.5))
	{
		$statements[-1] = "SAVEPOINT a;\n$statements[-1]" . (chance(0.6) ? "ROLLBACK TO a;\n" : "RELEASE a;\n");
		$statements[-1] .= one_change($world) . "\n" . $peek->() if chance(0.5);
	}
	return "BEGIN;\n" . join('', @statements) . (chance(0.75) ? "COMMIT;\n" : "ROLLBACK;\n");
}

# Sets the clock forward: a little, a lot, or to the horizon of some row.
sub clock_move
{
	my ($world) = @_;
	my $view = 'segments.' . identifier($world->{population});
	my $microsecond = one_of("interval '0'", "interval '1 microsecond'", "interval '-1 microsecond'");
	my $kind = int rand 20;
	my $to =
		$kind <= 3 ? "oracle.now() + interval '" . between(1, 3000) . " minutes'"
		: $kind <= 7 ? 'oracle.midnight(' . between(1, 3) . ") + $microsecond"
		: $kind == 8 ? "oracle.now() + interval '" . between(1, 60) . " days'"
		: $kind == 9 ? "oracle.now() + interval '1 microsecond'"
		: $kind <= 16 ? "(SELECT min(due_at) FROM $view WHERE due_at < '9000-01-01') + $microsecond"
		: "(SELECT due_at FROM $view WHERE due_at < oracle.now() + interval '1 year' ORDER BY md5(due_at::text || '" . int(rand 1000) . "') LIMIT 1) + $microsecond";

	return "SELECT set_config('clientele.clock', greatest(oracle.now(), coalesce($to, oracle.now()))::text, false);";
}

1;
