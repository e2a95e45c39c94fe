# A server that dies at once, and starts again.
package Crash;
use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(crash recover);

sub children_of
{
	my ($parent) = @_;
	my @children;
	for my $file (glob '/proc/[0-9]*/stat')
	{
		open(my $handle, '<', $file) or next;    # it has ended meanwhile
		my $line = <$handle> // '';
		push @children, $1 if $line =~ /^(\d+) \(.*\) \S (\d+) / && $2 == $parent;
	}
	return @children;
}

# kill -9 of the postmaster: its children notice, each when it next looks.  Or of all of
# them, wherever they are.
sub crash
{
	my ($node, %mode) = @_;
	my @children = $mode{everybody} ? children_of($node->{_pid}) : ();
	$node->kill9;
	kill 9, @children;
	return;
}

# While a process of the dead server is still there, a new one refuses to start, and rightly.
sub recover
{
	my ($node) = @_;
	for (1 .. 300)
	{
		return if $node->start(fail_ok => 1);
		$node->{_pid} = undef;
		select(undef, undef, undef, 0.05);
	}
	die 'the server does not start again';
}

1;
