# A server that dies at once, and starts again; and clients who die with it.
package Crash;
use strict;
use warnings;

use Exporter 'import';
use File::Spec;

our @EXPORT_OK = qw(crash begin_client);

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

# Whether a process has ended, be it that nobody has taken notice yet.
sub has_ended
{
	my ($pid) = @_;
	open(my $handle, '<', "/proc/$pid/stat") or return 1;
	my $line = <$handle> // '';
	return $line !~ /^\d+ \(.*\) [^ZX] /;
}

# kill -9 of the postmaster: its children notice, each when it next looks.  Who notices first rolls back, and
# whoever waited for him may go on to the end of his work before he notices, too.  Or of all of them, wherever
# they are: nobody goes on.  While one is still there, a new server refuses to start, and rightly.
sub crash
{
	my ($node, %mode) = @_;
	my $postmaster = $node->{_pid};
	kill 'STOP', $postmaster;    # from here on it has no more children
	my @processes = (children_of($postmaster), $postmaster);
	kill 9, @processes if $mode{everybody};
	$node->kill9;
	for (1 .. 3000)
	{
		@processes = grep { !has_ended($_) } @processes;
		last if !@processes;
		select(undef, undef, undef, 0.02);
	}
	die 'some process of the dead server lives on' if @processes;
	# In a container it may take the first process seconds to take notice.
	unlink $node->data_dir . '/postmaster.pid', $node->host . '/.s.PGSQL.' . $node->port . '.lock';
	return;
}

# A client of its own, whose process this is; what becomes of it nobody sees.
sub begin_client
{
	my ($node, @statements) = @_;
	my $pid = fork();
	die "fork: $!" unless defined $pid;
	return $pid if $pid;
	open(STDOUT, '>', File::Spec->devnull);
	open(STDERR, '>', File::Spec->devnull);
	exec('psql', '-X', '-q', '-d', $node->connstr('postgres'), map { ('-c', $_) } @statements);
}

1;
