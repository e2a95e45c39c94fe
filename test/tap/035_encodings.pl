# A clinic's database may be in an older Chinese encoding, or in one without
# Chinese at all.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('encodings');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;

# What a client in UTF-8 gets from the database, or the error.
sub answer
{
	my ($database, $query) = @_;
	my ($output, $errors);

	$node->psql($database, "SET client_encoding = 'UTF8'; SET search_path = clientele, public; $query", stdout => \$output, stderr => \$errors);
	return $errors =~ /^psql:<stdin>:\d+: (ERROR:.*)$/m ? $1 : $output;
}

for my $encoding ('EUC_CN', 'LATIN1', 'UTF8')
{
	my $database = lc "clinic_$encoding";

	$node->safe_psql('postgres', "CREATE DATABASE $database ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	$node->safe_psql($database, 'CREATE EXTENSION clientele');
	is(answer($database, q{SELECT 'A>1'::expression}), 'a > 1', "$encoding: a rule");
	is(answer($database, q{SELECT rfm('2026-01-01', 5)}), '(2026-01-01 00:00:00+00,2026-01-01 00:00:00+00,1,5)', "$encoding: a summary");
	next if $encoding eq 'LATIN1';
	is(answer($database, q{SELECT rfm_group(222, 'eight')}), '重要价值', "$encoding: a group");
	is(answer($database, q{SELECT '"项目"=''双眼皮'''::expression}), q{项目 = '双眼皮'}, "$encoding: a Chinese rule");
	is(answer($database, q{SELECT matches(c, '项目 like ''%眼%'' and contains(标签, ''老客'')') FROM (SELECT '双眼皮'::text AS 项目, '{新客,老客}'::text[] AS 标签) AS c}),
		't', "$encoding: matched");
	is(answer($database, q{SELECT tier('{"金额": 5}'::jsonb, '{"method": "additive", "characteristics": [{"name": "金额", "value": "金额", "bins": [{"points": 1}]}], "tiers": [{"label": "战略"}]}')}),
		'战略', "$encoding: a tier");
	like(answer($database, q{SELECT '水光针 > 2 and nosuch(水光针)'::expression}), qr/^ERROR:  there is no function nosuch$/, "$encoding: a mistake is named");
}
like(answer('clinic_latin1', q{SELECT rfm_group(222, 'eight')}), qr/^ERROR:  character .* has no equivalent in encoding "LATIN1"$/, 'LATIN1 has no word for it');
is(answer('clinic_latin1', q{SELECT rfm_group(555, 'r-rfm')}), 'Champions', 'but English groups');

done_testing();
