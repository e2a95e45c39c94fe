# A server that dies at once, and starts again.
package Crash;
use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(crash);

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
# them, wherever they are.  While one is still there, a new server refuses to start, and rightly.
sub crash
{
	my ($node, %mode) = @_;
	my $postmaster = $node->{_pid};
	kill 'STOP', $postmaster;    # from here on it has no more children
	my @processes = ($postmaster, children_of($postmaster));
	$node->kill9;
	kill 9, @processes if $mode{everybody};
	for (1 .. 3000)
	{
		return if !grep { -e "/proc/$_" } @processes;
		select(undef, undef, undef, 0.02);
	}
	die 'some process of the dead server lives on';
}

1;
