# Chances, all from Perl's one generator, so that a seed makes everything again.
package Oracle::Random;
use strict;
use warnings;

use Exporter 'import';
our @EXPORT = qw(one_of chance between some_of shuffled);

sub one_of { return $_[ int rand @_ ] }
sub chance { return rand() < $_[0] }
sub between { return $_[0] + int rand($_[1] - $_[0] + 1) }

sub shuffled
{
	my @list = @_;
	for my $i (reverse 1 .. $#list)
	{
		my $j = int rand($i + 1);
		@list[ $i, $j ] = @list[ $j, $i ];
	}
	return @list;
}

sub some_of
{
	my ($count, @list) = @_;
	@list = shuffled(@list);
	return @list[ 0 .. ($count < @list ? $count : scalar @list) - 1 ];
}

1;
