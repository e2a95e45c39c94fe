# Many tills at once, in one process: each a connection that speaks the server's own
# protocol, so that it is known exactly what was answered and what was not.  Who gets no
# answer asks again, perhaps through another till, while the first request is still at work.
#
# An order is what one till does in one go:
#
#	say		a function of the attempt's number, from 1: its statements, sent one after the
#			other, each when the last was answered
#	hear	called once with ('', rows...), or (SQLSTATE, message) if an error of class CL refused it
#	again	an SQLSTATE after which it is said again
#
# A connection that is lost, a statement that is cancelled: the order is given again.  What else
# goes wrong is a failure.
package Tills;
use strict;
use warnings;

use Errno qw(EAGAIN EINTR);
use IO::Select;
use IO::Socket::UNIX;
use Time::HiRes qw(sleep time);

my $patience = 60;    # seconds in which something must be answered

# options: the settings of a session, as a function; hang_up: how often a till hangs up
# instead of waiting for an answer.
sub new
{
	my ($class, $node, $database, $count, %mode) = @_;
	my $self = bless {
		path => $node->host . '/.s.PGSQL.' . $node->port,
		database => $database, user => scalar getpwuid($>),
		options => $mode{options} // sub { '' }, hang_up => $mode{hang_up} // 0,
		tills => [ map { { state => 'closed', open_at => 0 } } 1 .. $count ],
		clerk => { state => 'closed', open_at => 0 },
		queue => [], errands => [], prepared => {}, failures => [],
		select => IO::Select->new,
		count => { answered => 0, refused => 0, again => 0, lost => 0, lost_inside => 0 } }, $class;
	return $self;
}

sub count { return $_[0]{count}; }
sub failures { return @{ $_[0]{failures} }; }

# ---------- the protocol ----------

sub _open
{
	my ($self, $till) = @_;
	my $socket = IO::Socket::UNIX->new(Peer => $self->{path});
	if (!$socket)
	{
		$till->{open_at} = time() + 0.03;
		return;
	}
	$socket->blocking(0);
	my $options = $till == $self->{clerk} ? '' : $self->{options}->();
	my $body = pack('N', 196608)
	  . join('', map { "$_\0" } 'user', $self->{user}, 'database', $self->{database}, 'options', $options, 'application_name', 'till') . "\0";
	%$till = (state => 'opening', socket => $socket, in => '');
	$self->{of}{ fileno $socket } = $till;
	$self->{select}->add($socket);
	_send($till, '', $body);
	return;
}

# What is sent is short, so it always fits; if the other side is gone that is seen when reading.
sub _send
{
	my ($till, $type, $body) = @_;
	syswrite $till->{socket}, $type . pack('N', 4 + length $body) . $body;
	return;
}

sub _close
{
	my ($self, $till) = @_;
	delete $self->{of}{ fileno $till->{socket} };
	$self->{select}->remove($till->{socket});
	close $till->{socket};
	%$till = (state => 'closed', open_at => 0);
	return;
}

# Reads what has come; true as long as the connection lasts.
sub _receive
{
	my ($self, $till) = @_;
	my $read = sysread $till->{socket}, $till->{in}, 65536, length $till->{in};
	return $!{EAGAIN} || $!{EINTR} if !defined $read;
	return 0 if $read == 0;
	while (length $till->{in} >= 5)
	{
		my ($type, $length) = unpack 'aN', $till->{in};
		last if length $till->{in} < 1 + $length;
		my $body = substr $till->{in}, 5, $length - 4;
		substr($till->{in}, 0, 1 + $length, '');
		if ($type eq 'K') { $till->{pid} = unpack 'N', $body }
		elsif ($type eq 'D')
		{
			my ($columns, @row) = unpack 'n', $body;
			my $at = 2;
			for (1 .. $columns)
			{
				my $size = unpack 'l>', substr $body, $at, 4;
				push @row, $size < 0 ? undef : substr $body, $at + 4, $size;
				$at += 4 + ($size < 0 ? 0 : $size);
			}
			push @{ $till->{rows} }, \@row;
		}
		elsif ($type eq 'E')
		{
			my %field = map { substr($_, 0, 1) => substr $_, 1 } split /\0/, $body;
			$till->{error} = \%field;
			# Too many are there still, or it starts, or it was told to go.
			return 0 if $field{V} eq 'FATAL' || $field{V} eq 'PANIC';
		}
		elsif ($type eq 'Z') { $self->_ready($till, $body) }
	}
	return 1;
}

# ---------- orders ----------

# The till may say the next thing.
sub _ready
{
	my ($self, $till, $in_transaction) = @_;
	my ($order, $error) = @$till{ 'order', 'error' };
	$self->{heard_at} = time();
	delete $till->{hang_up_at};
	if ($till->{state} eq 'opening')
	{
		$till->{state} = 'idle';
		return;
	}
	if ($error || $till->{state} eq 'ending')
	{
		if ($in_transaction ne 'I')
		{
			$till->{state} = 'ending';
			return _send($till, 'Q', "ROLLBACK\0");
		}
		$till->{state} = 'idle';
		delete $till->{order};
		delete $till->{error};
		my $sqlstate = $error->{C};
		if ($sqlstate =~ /^CL/)
		{
			$self->{count}{refused}++;
			$order->{hear}->($sqlstate, $error->{M}) if $order->{hear};
		}
		elsif ($sqlstate eq '57014' || $sqlstate eq ($order->{again} // '') || $till->{said} =~ /PREPARED/ && $sqlstate =~ /^(42704|55000)$/)
		{
			# Cancelled; or what was prepared is being ended by another.
			$self->_again($order);
		}
		else
		{
			push @{ $self->{failures} }, "$till->{said}: $sqlstate $error->{M}" . (defined $error->{D} ? " ($error->{D})" : '');
		}
		return;
	}
	if ($till->{step} < @{ $till->{statements} })
	{
		$self->_say($till);
		return;
	}
	$till->{state} = 'idle';
	delete $till->{order};
	$self->{count}{answered}++;
	$order->{hear}->('', @{ $till->{rows} }) if $order->{hear};
	return;
}

sub _begin
{
	my ($self, $till) = @_;
	my $order = $till->{order};
	$order->{attempt}++;
	@$till{qw(state step statements rows)} = ('busy', 0, [ $order->{say}->($order->{attempt}) ], []);
	for (@{ $till->{statements} })
	{
		$self->{prepared}{ $order->{gid} = $2 } = $1 if /^(COMMIT|ROLLBACK) PREPARED '(.*)'/;
	}
	$self->_say($till);
	return;
}

sub _say
{
	my ($self, $till) = @_;
	$till->{said} = $till->{statements}[ $till->{step}++ ];
	_send($till, 'Q', "$till->{said}\0");
	$till->{hang_up_at} = time() + (rand() < 0.5 ? 0 : rand(0.01)) if $till != $self->{clerk} && rand() < $self->{hang_up};
	return;
}

sub _again
{
	my ($self, $order) = @_;
	return if $order->{once};
	$self->{count}{again}++;
	unshift @{ $self->{queue} }, $order;
	return;
}

sub _lost
{
	my ($self, $till) = @_;
	my $was = $till->{state};
	if ($was eq 'busy' || $was eq 'ending')
	{
		$self->{count}{lost}++;
		$self->{count}{lost_inside}++ if $till->{step} > 1;
		$self->_again(delete $till->{order});
	}
	$self->_close($till);
	$till->{open_at} = time() + 0.03 if $was eq 'opening';
	return;
}

# Something that the clerk, who has a connection of his own, is to do.
sub errand
{
	my ($self, $statement, $hear) = @_;
	push @{ $self->{errands} }, { say => sub { $statement }, hear => $hear, once => 1 };
	return;
}

# What was prepared, and whoever prepared it has gone: the clerk ends it as was meant.
sub _end_prepared
{
	my ($self) = @_;
	return if !%{ $self->{prepared} } || time() < ($self->{end_at} // 0);
	$self->{end_at} = time() + 0.05;
	$self->errand(
		'SELECT gid FROM pg_prepared_xacts WHERE database = current_database()',
		sub {
			my (undef, @rows) = @_;
			my %busy = map { ($_->{order}{gid} // '') => 1 } grep { $_->{state} eq 'busy' } @{ $self->{tills} };
			for my $gid (map { $_->[0] } @rows)
			{
				$self->errand("$self->{prepared}{$gid} PREPARED '$gid'") if !$busy{$gid};
			}
		});
	return;
}

# The pid of a till that is at work, preferably in the midst of a transaction; undef = there is none.
sub victim
{
	my ($self) = @_;
	my @busy = grep { $_->{state} eq 'busy' && $_->{pid} } @{ $self->{tills} };
	my @inside = grep { $_->{step} > 1 } @busy;
	@busy = @inside if @inside;
	return @busy ? $busy[ rand @busy ]{pid} : undef;
}

# Serves all orders, and those that they add.  trouble: called over and over meanwhile.
sub serve
{
	my ($self, $orders, %mode) = @_;
	local $SIG{PIPE} = 'IGNORE';
	push @{ $self->{queue} }, @$orders;
	$self->{heard_at} = time();
	my @all = ($self->{clerk}, @{ $self->{tills} });
	for (;;)
	{
		my ($busy, $now) = (0, time());
		for my $till (@all)
		{
			my $queue = $till == $self->{clerk} ? $self->{errands} : $self->{queue};
			if ($till->{hang_up_at} && $till->{hang_up_at} <= $now) { $self->_lost($till) }
			if ($till->{state} eq 'closed' && @$queue && $till->{open_at} <= $now) { $self->_open($till) }
			if ($till->{state} eq 'idle' && @$queue)
			{
				$till->{order} = shift @$queue;
				$self->_begin($till);
			}
			$busy++ if $till->{order};
		}
		last if !$busy && !@{ $self->{queue} } && !@{ $self->{errands} };
		sleep(0.005) if !$self->{select}->count;
		for my $socket ($self->{select}->can_read(0.005))
		{
			my $till = $self->{of}{ fileno $socket };
			$self->_receive($till) or $self->_lost($till);
		}
		$self->_end_prepared;
		$mode{trouble}->($self) if $mode{trouble};
		die 'nothing was answered for too long: ' . join('; ', map { $_->{said} // $_->{state} } grep { $_->{order} } @all)
		  if $now > $self->{heard_at} + $patience;
	}
	return;
}

# All leave; who serves next comes anew.
sub hang_up_all
{
	my ($self) = @_;
	$self->_close($_) for grep { $_->{state} ne 'closed' } $self->{clerk}, @{ $self->{tills} };
	return;
}

1;
