# Instants, and the days and minutes of zones.  Instants are microseconds; day 1 is 1 July 2026.
package Oracle::Calendar;
use strict;
use warnings;
use integer;

use Exporter 'import';
use POSIX ();
use Time::Local 'timegm';

our @EXPORT = qw($minute_us $hour_us $day_us local_moment instant_of instant_text is_before sooner);

our $minute_us = 60_000_000;
our $hour_us = 60 * $minute_us;
our $day_us = 24 * $hour_us;

my $first_day = 1_782_777_600;    # the day before 1 July 2026

sub in_zone
{
	my ($zone, $question) = @_;
	local $ENV{TZ} = $zone;
	POSIX::tzset();
	return $question->();
}

# The wall clock of a zone: day and minute.
sub local_moment
{
	my ($zone, $us) = @_;
	my (undef, $minute, $hour, $mday, $month, $year) = in_zone($zone, sub { localtime($us / 1_000_000) });
	return { day => (timegm(0, 0, 0, $mday, $month, $year) - $first_day) / 86_400, minute => 60 * $hour + $minute };
}

sub instant_of
{
	my ($zone, $day, $minute) = @_;
	my (undef, undef, undef, $mday, $month, $year) = gmtime($first_day + 86_400 * $day);
	return 1_000_000 * in_zone($zone, sub { POSIX::mktime(0, $minute % 60, $minute / 60, $mday, $month, $year, 0, 0, -1) });
}

# As SQL prints it in UTC.
sub instant_text
{
	my ($us) = @_;
	return '' unless defined $us;
	return $us if $us eq 'infinity';
	my $text = POSIX::strftime('%Y-%m-%d %H:%M:%S', gmtime($us / 1_000_000));
	my $part = sprintf('.%06d', $us % 1_000_000);
	$part =~ s/\.?0+$//;
	return "$text$part+00";
}

sub is_before { my ($a, $b) = @_; return $a ne 'infinity' && ($b eq 'infinity' || $a < $b); }
sub sooner { my ($a, $b) = @_; return is_before($b, $a) ? $b : $a; }

1;
