# Every example in README.md, README.*.md and doc/*.md does what the page says.
#
# The ```sql blocks of a page run in order, in one session of psql in a database
# of the page's own.  A ```text or ```console block that follows (with at most
# blank lines between) is what psql prints; without one, nothing may go wrong.
# White space at the end of a line does not count; a line "..." stands for any
# lines.  A block after the line <!-- not run --> is left out.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

sub read_file
{
	my ($name) = @_;
	local $/;
	open my $file, '<', $name or die "$name: $!";
	return scalar <$file>;
}

# The page's blocks: [line, statements, what they print or undef].
sub blocks
{
	my ($page) = @_;
	my (@blocks, $fence, $language, $text, $begins, $skipped);
	my $number = 0;

	for my $line (split /\n/, $page)
	{
		$number++;
		if (!defined $fence && $line =~ /^(`{3,}) *(\w*) *$/)
		{
			($fence, $language, $text, $begins) = ($1, $2, '', $number);
		}
		elsif (defined $fence && $line =~ /^\Q$fence\E *$/)
		{
			if ($language eq 'sql')
			{
				push @blocks, [ $begins, $text, undef ] unless $skipped;
			}
			elsif (($language eq 'text' || $language eq 'console') && @blocks && $blocks[-1][3] && !$skipped)
			{
				$blocks[-1][2] = $text;
			}
			# only the last block can be waiting for its output
			$_->[3] = 0 for @blocks;
			$blocks[-1][3] = 1 if $language eq 'sql' && @blocks && !$skipped;
			$skipped = $language eq 'sql' ? 0 : $skipped;
			undef $fence;
		}
		elsif (defined $fence)
		{
			$text .= "$line\n";
		}
		elsif ($line =~ /^<!-- not run -->\s*$/)
		{
			$skipped = 1;
		}
		elsif ($line !~ /^\s*$/)
		{
			$_->[3] = 0 for @blocks;
			$skipped = 0;
		}
	}
	return @blocks;
}

# What is printed, without what does not count.
sub trimmed
{
	my ($text) = @_;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\A\n+|\n+\z//g;
	return $text;
}

sub is_output
{
	my ($got, $wanted, $title) = @_;
	my $pattern = join '', map { $_ eq '...' ? '(?:.*\n)*?' : quotemeta($_) . '\n' } split /\n/, trimmed($wanted);
	if ((trimmed($got) . "\n") =~ /\A$pattern\z/)
	{
		pass($title);
	}
	else
	{
		# shows the two beside each other
		is(trimmed($got), trimmed($wanted), $title);
	}
	return;
}

my $node = PostgreSQL::Test::Cluster->new('docs');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', "timezone = 'UTC'");
$node->start;
$ENV{PGCLIENTENCODING} = 'UTF8';

my $number = 0;
for my $page (glob('README.md README.*.md doc/*.md'))
{
	my @blocks = blocks(read_file($page));
	next unless @blocks;

	my $database = 'page_' . ++$number;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	my $script = "$PostgreSQL::Test::Utils::tmp_check/$database.sql";
	open my $file, '>', $script or die "$script: $!";
	print $file "\\echo == block $_\n$blocks[$_][1]\n" for 0 .. $#blocks;
	close $file;

	# errors go where the results go, in their order
	my $connection = $node->connstr($database);
	my $output = qx{psql -X -q -d "$connection" < "$script" 2>&1};
	my @outputs = split /^== block \d+\n/m, $output;
	shift @outputs;
	for my $i (0 .. $#blocks)
	{
		my ($line, $statements, $wanted) = @{ $blocks[$i] };
		my $got = $outputs[$i] // 'psql has ended';
		my $title = "$page line $line";
		if (defined $wanted)
		{
			is_output($got, $wanted, $title);
		}
		else
		{
			unlike($got, qr/^(?:ERROR|FATAL|PANIC|psql has ended)|server closed the connection/m, "$title runs");
		}
	}
}

cmp_ok($number, '>', 0, 'there are pages with examples');
$node->stop;
done_testing();
