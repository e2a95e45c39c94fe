# Random promotions and earn rules over random customers, claimed, redeemed, given back, expired, paused,
# changed and ended at random; coupons for segments, codes, memberships, people who refuse, are held out, are
# forgotten: step by step against a slow, obvious model (Oracle/Life.pm). What is
# answered must be what the model says, and so must what is written, after every step:
# claims, what is left of every limit, and what customers have in their accounts; and in the end what views show.
#
# Then several sessions at once: what they have done is put into the order of its commits, and the
# model does it again in that order; what was refused must have been so at some moment of the asking.
#
#   PROMOTION_SEED    another seed gives other clinics (default: the time)
#   PROMOTION_STEPS   how many steps in all (default 1500)
#   PROMOTION_WORLD   only the clinic of this number
#   PROMOTION_FIRST   1: ends with the first clinic that goes wrong, without looking for its shortest history
#
# Of a history that goes wrong the shortest that still does is looked for and shown; its
# statements are in tmp_check/log/history_*.sql.
use strict;
use warnings;
use utf8;

use Encode qw(decode_utf8 encode_utf8);
use IPC::Open2;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Oracle::Calendar;
use Oracle::Life;
use Oracle::LifeReports;
use Oracle::LifeSteps;
use Oracle::Promotion 'least';

my $seed = $ENV{PROMOTION_SEED} // time;
my $steps = $ENV{PROMOTION_STEPS} // 1500;
my $steps_in_world = 100;
note "PROMOTION_SEED=$seed PROMOTION_STEPS=$steps";

my $node = PostgreSQL::Test::Cluster->new('clinic');
$node->init;
$node->append_conf('postgresql.conf', 'track_commit_timestamp = on');
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE empty');
$node->safe_psql('empty', "CREATE EXTENSION clientele; $Oracle::LifeSteps::state_function");

# ---------------------------------------------------------------------------
# A session
# ---------------------------------------------------------------------------

sub session
{
	my ($database, $log) = @_;
	my ($out, $in);
	local $ENV{PGCLIENTENCODING} = 'UTF8';
	my $connection = $node->connstr($database) =~ s/'/'\\''/gr;
	my $pid = open2($out, $in, "exec psql -XAtq -d '$connection' 2>&1");
	binmode($_, ':encoding(UTF-8)') for $out, $in;
	my $session = { pid => $pid, in => $in, out => $out, log => $log };
	ask($session, "\\set VERBOSITY sqlstate\nSET TimeZone = 'UTC';\nSET client_min_messages = warning;\nSET statement_timeout = '60s';\nSET lock_timeout = '50s';\n");
	return $session;
}

# Reasons in an order of their own: which comes first is not what is asked here.
sub unordered { my ($line) = @_; return $line =~ s/\|\{([^}]*)\}/'|{' . join(',', sort split(\/,\/, $1)) . '}'/er; }

# The lines that SQL answers.
sub ask
{
	my ($session, $sql) = @_;
	print { $session->{log} } $sql if $session->{log};
	print { $session->{in} } "$sql\\echo -- done\n";
	$session->{in}->flush;
	my @lines;
	while (defined(my $line = readline $session->{out}))
	{
		chomp $line;
		last if $line eq '-- done';
		push @lines, unordered($line);
	}
	return @lines;
}

sub hang_up
{
	my ($session) = @_;
	close $session->{in};
	close $session->{out};
	waitpid $session->{pid}, 0;
	return;
}

# ---------------------------------------------------------------------------
# What is written
# ---------------------------------------------------------------------------

# Numbers of claims where the model has their places.
sub with_numbers
{
	my ($life, @lines) = @_;
	return map { s/(^|[|\n])#(\d+)/$1 . ($life->{claims}[$2]{id} \/\/ "#$2")/ger } @lines;
}

# The lines that differ, those of the model first.
sub differences
{
	my ($expected, $got) = @_;
	return () if "@$expected" eq "@$got";
	my %got = map { $_ => 1 } @$got;
	my %expected = map { $_ => 1 } @$expected;
	my @lines = ((map { "  model: $_" } grep { !$got{$_} } @$expected), map { "  SQL:   $_" } grep { !$expected{$_} } @$got);
	return @lines ? @lines : ('  the order');
}

# Of claims whose numbers are not known yet: a customer's claims of a promotion come in their order.
sub find_numbers
{
	my ($life, @got) = @_;
	my %known = map { $_->{id} ? ($_->{id} => 1) : () } @{ $life->{claims} };
	my %new;
	for (@got) { push @{ $new{$2} }, $1 if /^claim\|(\d+)\|([^|]*\|[^|]*)/ && !$known{$1}; }
	for my $claim (@{ $life->{claims} }) { $claim->{id} //= shift @{ $new{"$claim->{key}|$claim->{promotion}"} }; }
	return;
}

# What chance has drawn for each customer of promotions that are new.
sub learn_draws
{
	my ($life, $session) = @_;
	my @new = grep { !$_->{draws} } @{ $life->{promotions} } or return;
	my %draws;
	for (ask($session, "SELECT o.name, c.id, (hashtextextended(c.id::text COLLATE \"C\", o.promotion_id) & 9223372036854775807) % 10000 FROM clientele.offered_promotion AS o, customer AS c;\n"))
	{
		my ($name, $key, $draw) = split /\|/;
		$draws{$name}{$key} = $draw;
	}
	$_->{draws} = $draws{ $_->{name} } for @new;
	return;
}

sub compare_state
{
	my ($life, $session) = @_;
	my @got = ask($session, "$Oracle::LifeSteps::know_codes SELECT state();\nSELECT people();\n");
	find_numbers($life, @got);
	my @stock = map { /^stock\|(.*)\|[^|]*$/ ? stock_line($life, $1) : () } @got;
	return differences([ sort(with_numbers($life, claim_lines($life), lot_lines($life)), people_lines($life), @stock) ], [ sort @got ]);
}

# ---------------------------------------------------------------------------
# A history
# ---------------------------------------------------------------------------

my $databases = 0;

# A new database with the world, and a session there.
sub begin_world
{
	my ($world, $log) = @_;
	my $database = 'w' . ++$databases;
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE empty");
	my $session = session($database, $log);
	my @lines = grep { /ERROR/ } ask($session, world_sql($world));
	die encode_utf8("the world cannot be made:\n@lines") if @lines;
	$session->{database} = $database;
	return $session;
}

# What verify_promotions finds in the end, and what views do not show as it is.
sub end_world
{
	my ($life, $session) = @_;
	my @found = map { "verify_promotions: $_" } ask($session, "SELECT * FROM clientele.verify_promotions('clinic');\n");
	push @found, map { "explain_claim: $_" } ask($session, "SELECT c.claim_id, e.item, e.value, e.condition FROM segments.clinic_claim AS c CROSS JOIN LATERAL clientele.explain_claim(c.claim_id) AS e WHERE NOT e.holds AND c.id NOT LIKE 'forgotten:%';\n")
		if @{ $life->{promotions} };
	for my $view (@{ $life->{promotions} } ? sort keys %reports : ())
	{
		my @differ = differences([ view_shown($life, $view) ], [ sort(ask($session, "$reports{$view}[0];\n")) ]);
		push @found, "view $view:", @differ if @differ;
	}
	hang_up($session);
	$node->safe_psql('postgres', "DROP DATABASE $session->{database}");
	return @found;
}

# What has been answered how often.
my %seen;

sub count_answer
{
	my ($step, @answer) = @_;
	my $answer = !@answer ? 'nothing' : $answer[0] =~ /^ERROR (\w+)/ ? $1 : $step->{do} eq 'claim' && $answer[0] =~ /\{.+\}/ ? 'refused' : 'done';
	$seen{"$step->{do} $answer"}++;
	return;
}

# How many are left is not said to the last late code: the model says "*".
sub unsaid
{
	my ($expected, $got) = @_;
	my @columns = split /\|/, $expected, -1;
	my @said = split /\|/, $got, -1;
	return join '|', map { ($columns[$_] // '') eq '*' ? '*' : $said[$_] } 0 .. $#said;
}

# One step, there and in the model; what differs.
sub live
{
	my ($life, $session, $step) = @_;
	my $sql = step_sql($life, $step) // return ();
	return () if $step->{do} eq 'view' && !@{ $life->{promotions} };
	my $undone = $step->{rollback} ? copy_life($life) : undef;
	push @{ $life->{customer}{ $step->{key} }{payments} }, [ $life->{now}, $step->{pay} ] if $step->{pay};
	my @expected = $step->{do} eq 'view' ? view_shown($life, $step->{view}) : life_verb($life, $step);
	pop @{ $life->{customer}{ $step->{key} }{payments} } if $step->{pay} && @expected && $expected[0] =~ /^ERROR/;
	my @got = map { s/^.*(ERROR):  (\w+).*/$1 $2/r } ask($session, $sql);
	@got = sort @got if $step->{do} eq 'view';
	count_answer($step, @got);
	learn_draws($life, $session);
	my @lines = 0 .. ($#got < $#expected ? $#got : $#expected);
	for my $line (@lines) { $got[$line] = unsaid($expected[$line], $got[$line]); }
	if ($undone)
	{
		# nobody knows the numbers of claims that were rolled back
		for my $line (@lines)
		{
			next unless $expected[$line] =~ /^#(\d+)/ && $1 >= @{ $undone->{claims} };
			s/^#?\d+/#/ for $expected[$line], $got[$line];
		}
		%$life = %$undone;
	}
	my @state = compare_state($life, $session);
	my @answers = differences([ grep { $_ ne '' } with_numbers($life, @expected) ], [ grep { $_ ne '' } @got ]);
	return () unless @answers || @state;
	return ($sql, @answers, (grep { /ERROR/ } @got) ? ask($session, "\\errverbose\n") : (), @state ? 'what is written:' : (), @state);
}

# Steps until one differs: how many there were, and what differs.
sub live_through
{
	my ($world, $log, $next) = @_;
	my $life = copy_life($world);
	my $session = begin_world($world, $log);
	my (@done, @wrong);
	while (!@wrong && (my $step = $next->($life)))
	{
		push @done, $step;
		@wrong = live($life, $session, $step);
	}
	my @found = end_world($life, $session);
	return (\@done, @wrong ? @wrong : @found);
}

# Leaves out what can be left out of a history whose last step goes wrong.
sub shortened
{
	my ($world, $steps) = @_;
	my @steps = @$steps;
	my @wrong;
	my $runs = 0;
	for (my $part = int(@steps / 2); $part >= 1; $part = int($part / 2))
	{
		for (my $at = @steps - 1 - $part; $at >= 0 && $runs < 200; $at -= $part)
		{
			my @fewer = @steps;
			splice @fewer, $at, $part;
			my @left = @fewer;
			$runs++;
			my ($done, @differs) = live_through($world, undef, sub { return shift @left });
			next unless @differs && $done->[-1]{do} eq $steps->[-1]{do};
			@steps = @$done;
			@wrong = @differs;
			$at = @steps - 1 if $at > @steps - 1;
		}
	}
	return (\@steps, @wrong);
}

sub live_in_world
{
	my ($number, $steps) = @_;
	srand($seed * 1000 + $number);
	my $world = random_world();
	my $file = "$PostgreSQL::Test::Utils::log_path/history_$number.sql";
	open my $log, '>:encoding(UTF-8)', $file or die "$file: $!";
	my $left = $steps;
	my ($done, @wrong) = live_through($world, $log, sub { return $left-- > 0 ? random_step($_[0]) : undef });
	close $log;
	return ok(1, "clinic $number: $steps steps") unless @wrong;
	diag encode_utf8("seed $seed, clinic $number, step " . @$done . ":\n" . join("\n", @wrong));
	return ok(0, "clinic $number") if $ENV{PROMOTION_FIRST};
	my ($fewer, @still) = shortened($world, $done);
	open $log, '>:encoding(UTF-8)', $file or die "$file: $!";
	my @again = @$fewer;
	live_through($world, $log, sub { return shift @again });
	close $log;
	diag encode_utf8("in short, in $file:\n" . join("\n", @still));
	diag slurp_file($file) if -s $file < 20_000;
	return ok(0, "clinic $number");
}

# ---------------------------------------------------------------------------
# Several sessions at once
# ---------------------------------------------------------------------------

# Steps that sessions do at the same time, mostly about the same things.
sub burst_of
{
	my ($life, $sessions) = @_;
	my (@claimed, @all);
	my $few = { %$life, at_once => {}, customer => { map { $_ => $life->{customer}{$_} } (sort keys %{ $life->{customer} })[ 0 .. 2 ] },
		promotions => [ grep { $_->{state} eq 'published' || rand() < 0.1 } @{ $life->{promotions} } ] };
	return () unless @{ $few->{promotions} };
	for my $turn (1 .. 8 * $sessions)
	{
		my $step = burst_step($few, @claimed);
		$step = { %{ $all[ rand @all ] } } if @all && rand() < 0.1;
		push @claimed, $step->{request} if $step->{do} eq 'claim';
		push @all, $step;
	}
	$life->{number} = $few->{number};
	return @all;
}

sub burst_sql
{
	my ($life, $step, $place) = @_;
	my $verb = step_sql({ %$life, at_once => 1 }, { %$step, place => $place });
	my $of = $step->{claim} && !claim_for_request($life, $step->{claim}) ? sql_text($step->{claim}[0]) : undef;
	return "\\echo -- item $place\nSELECT clock_timestamp();\n"
		. ($of ? "SELECT coalesce((SELECT claim_id FROM clientele.claim_step WHERE request_id = $of AND step = 'claim'), 0) AS claim \\gset\n" : '')
		. ($of ? "\\echo -- claim :claim\n" : '') . $verb . "SELECT clock_timestamp();\n";
}

# What each session was answered, item by item: { step, from, until, answer }.
sub ask_at_once
{
	my ($life, $sessions, @steps) = @_;
	my @items = map { { step => $_, answer => [] } } @steps;
	for my $number (0 .. $#$sessions)
	{
		my $sql = "SET clientele.clock = '" . instant_text($life->{now}) . "';\n";
		$sql .= burst_sql($life, $steps[$_], $_) for grep { $_ % @$sessions == $number } 0 .. $#steps;
		print { $sessions->[$number]{in} } "$sql\\echo -- done\n";
	}
	$_->{in}->flush for @$sessions;
	for my $session (@$sessions)
	{
		my $item;
		while (defined(my $line = readline $session->{out}))
		{
			chomp $line;
			last if $line eq '-- done';
			if ($line =~ /^-- item (\d+)/) { $item = $items[$1]; }
			elsif ($line =~ /^-- claim (\d+)/) { $item->{step}{lost} = $1 == 0; }
			elsif ($line =~ /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00$/) { $item->{ $item->{from} ? 'until' : 'from' } = $line; }
			elsif ($line ne '' && $line !~ /\b25P02\b/) { push @{ $item->{answer} }, unordered($line) =~ s/^.*(ERROR):  (\w+).*/$1 $2/r; }
		}
	}
	count_answer($_->{step}, @{ $_->{answer} }) for @items;
	return @items;
}

# Instants of one month compare as text once they have the same length.
sub instant_key { my ($text) = @_; my ($second, $part) = $text =~ /^([^.+]*)(?:\.(\d+))?/; return $second . '.' . substr(($part // '') . '000000', 0, 6); }

# Numbers of the items that have written something, in the order of their commits.
sub commits
{
	my ($session) = @_;
	my @commits = map { my ($item, $at) = split /\|/; { item => $item, at => instant_key($at) } } ask($session, "
		SELECT d.item, pg_xact_commit_timestamp(d.xmin)
		FROM done AS d
		WHERE d.has_written
		ORDER BY 2, 1;\n");
	ask($session, "TRUNCATE done;\n");
	return @commits;
}

# Numbers of claims that others have not asked for: by the claim that gave them, or by batch and customer.
sub given_claims
{
	my ($session) = @_;
	my %given;
	for (ask($session, "
		SELECT CASE c.origin WHEN 'benefit' THEN c.origin_id::text ELSE b.request_id || '|' || ltrim(who(c.key), '?') END, c.claim_id
		FROM clientele.claim AS c LEFT JOIN clientele.coupon_batch AS b ON b.batch_id = c.origin_id AND c.origin = 'batch'
		WHERE c.origin IN ('benefit', 'batch') ORDER BY c.claim_id;\n")) { push @{ $given{$1} }, $2 if /^(.*)\|(\d+)$/; }
	return \%given;
}

# The promotion of each claim.
sub names_of_claims
{
	my ($session) = @_;
	return { map { split /\|/ } ask($session, "SELECT c.claim_id, o.name FROM clientele.claim AS c JOIN clientele.offered_promotion AS o USING (promotion_id);\n") };
}

# A batch of coupons is answered by nothing: who has got one is, and how many went without.
sub say_who_has_got_one
{
	my ($session, $given, @items) = @_;
	my %batches;
	for (sort keys %$given) { push @{ $batches{$1} }, $2 if /^([^|]*)\|(.*)$/; }
	my %left_out = map { split /\|/ } ask($session, "SELECT request_id, left_out FROM clientele.coupon_batch;\n");
	for my $item (grep { $_->{step}{do} eq 'issue_coupons' && !$_->{step}{rollback} && !@{ $_->{answer} } } @items)
	{
		my $request = $item->{step}{request};
		$item->{answer} = [ @{ $batches{$request} // [] }, "left out: $left_out{$request}" ];
	}
	return;
}

# What the model answers to an item.
sub answer_of_model
{
	my ($life, $step) = @_;
	my @answer = grep { $_ ne '' } life_verb($life, $step);
	push @answer, (sort map { $_->{key} } grep { ($_->{batch} // '') eq $step->{request} } @{ $life->{claims} }), "left out: $life->{issues}{ $step->{request} }{left_out}"
		if $step->{do} eq 'issue_coupons' && !$step->{rollback} && !@answer;
	return with_numbers($life, @answer);
}

# Whether an item was answered what the model says in this life, of which nothing stays.
sub is_answer
{
	my ($life, $item) = @_;
	my $twin = copy_life($life);
	my @expected = answer_of_model($twin, $item->{step});
	my @got = @{ $item->{answer} };
	# a claim that is not written in this life has a number that nobody knows
	for my $line (0 .. least($#expected, $#got)) { $got[$line] =~ s/^\d+/#/, $expected[$line] =~ s/^#\d+/#/ if $expected[$line] =~ /^#/; }
	my $expected = join("\n", @expected);
	push @{ $item->{models} }, $expected unless grep { $_ eq $expected } @{ $item->{models} };
	return $expected eq join("\n", @got);
}

# What people have said until now, the earn rules that there are, and what is left of budgets.
sub words_of
{
	my ($life) = @_;
	return { said => { map { ($_ => [ @{ $life->{customer}{$_}{said} } ]) } keys %{ $life->{customer} } }, rules => [ earn_rules($life) ],
		budgets => { map { ($_->{name} => budget_left($life, $_)) } @{ $life->{promotions} } } };
}

# Numbers for the claims that an item has made: of its answer, or given by such.
sub number_claims
{
	my ($life, $item, $given) = @_;
	my @numbers = map { /^(\d+)/ ? $1 : () } @{ $item->{answer} };
	for my $claim (grep { !$_->{id} } @{ $life->{claims} })
	{
		my ($by) = $claim->{given_by} ? grep { $_->{request} eq $claim->{given_by}[0] && $_->{nth} eq $claim->{given_by}[1] } @{ $life->{claims} } : ();
		my $from = $by ? $given->{ $by->{id} } : $claim->{origin} eq 'batch' ? $given->{"$claim->{batch}|$claim->{key}"} : \@numbers;
		$claim->{id} = shift @$from;
	}
	return;
}

# An item as the step of one who looked when these words held; {only} is what he has got of all that he might.
sub step_by_words { my ($item, $words) = @_; return { %{ $item->{step} }, only => $item->{only}, map { $_ => $words->{$_} } qw(said rules budgets) }; }

# The first of the words under which the model says what was answered, the latest first; undef: under none.
# Who asks for one customer and one promotion has locked both.  The customers of a segment and the earn rules are
# looked for before they are locked, and others may have said something else meanwhile; and of a budget of which
# nothing is taken without a bill nothing is locked.
sub words_that_fit
{
	my ($life, $item, @words) = @_;
	@words = $words[-1] unless $item->{step}{do} =~ /^(issue_coupons|earn)$/ || ($item->{step}{do} eq 'claim' && !$item->{step}{bill});
	for my $words (reverse @words) { return $words if is_answer($life, { %$item, step => step_by_words($item, $words) }); }
	return undef;
}

# The words that an item may have been asked under.
sub words_since
{
	my ($item, @words) = @_;
	return grep { $_->{until} ge $item->{from} } @words;
}

# The steps again in the order of their commits; what differs.
sub live_again
{
	my ($life, $session, @items) = @_;
	my @commits = commits($session);
	my $given = given_claims($session);
	say_who_has_got_one($session, $given, @items);
	my $names = names_of_claims($session);
	for my $item (@items) { $_ = instant_key($_) for @$item{qw(from until)}; $item->{models} = []; }
	$_->{item} = $items[ $_->{item} ] for @commits;
	my %written = map { $_->{item} => 1 } @commits;
	my (@wrong, @words);
	my @open = @items;
	for my $place (0 .. @commits)
	{
		# what may have been asked between this commit and the next
		my ($last, $next) = ($place > 0 ? $commits[ $place - 1 ] : undef, $commits[$place]);
		push @words, { %{ words_of($life) }, at => $last ? $last->{at} : '', until => $next ? $next->{item}{until} : '~' };
		for my $item (@open)
		{
			$item->{fits} ||= $item->{until} ge $words[-1]{at} && $item->{from} le $words[-1]{until} && words_that_fit($life, $item, words_since($item, @words));
		}
		@open = grep { $written{$_} || !$_->{fits} } @open;
		last unless $next;
		my $item = $next->{item};
		@open = grep { $_ != $item } @open;
		# who was refused may have written that something has expired: his answer is of when he looked
		next if $item->{fits} && !$item->{step}{pay} && $item->{step}{do} eq 'claim' && ($item->{answer}[0] // '') =~ /^\|/;
		# what was the best when it was looked for may not be any more
		$item->{only} = { map { /^(\d+)/ ? ($names->{$1} => 1) : () } @{ $item->{answer} } } if $item->{step}{do} =~ /^(claim_best|earn)$/ && $item->{fits};
		my $words = words_that_fit($life, $item, words_since($item, @words)) // $words[-1];
		my @expected = answer_of_model($life, step_by_words($item, $words));
		number_claims($life, $item, $given);
		@expected = with_numbers($life, @expected);
		push @wrong, "commit $place:", burst_sql($life, $item->{step}, 0), (map { "  model: $_" } @expected), "  SQL:   @{ $item->{answer} }"
			if "@expected" ne "@{ $item->{answer} }";
	}
	push @wrong, map { ("never answered so, asked from $_->{from} until $_->{until}:", burst_sql($life, $_->{step}, 0), (map { "  model: $_" } @{ $_->{models} }), "  SQL:   @{ $_->{answer} }") } grep { !$_->{fits} } @open;
	push @wrong, 'commits:', map { "  $_->{at}, asked from $_->{item}{from} until $_->{item}{until}: " . join(' ', map { s/^.*?(clientele\.\w+\([^{]*).*$/$1/sr } step_sql({ %$life, at_once => 1 }, $_->{item}{step})) } @commits if @wrong;
	return @wrong;
}

# A clinic in which steps one by one and steps at the same time take turns.
sub live_at_once
{
	my ($number, $rounds) = @_;
	srand($seed * 1000 + 500 + $number);
	my $world = random_world();
	my $life = copy_life($world);
	my $session = begin_world($world, undef);
	ask($session, "CREATE TABLE done (item int, has_written boolean);\n");
	my $at_once = [ map { session($session->{database}) } 1 .. 4 ];
	my ($asked, @wrong) = (0);
	for my $round (1 .. $rounds)
	{
		for (1 .. 12) { @wrong = live($life, $session, random_step($life)); last if @wrong; }
		last if @wrong;
		my @items = ask_at_once($life, $at_once, burst_of($life, scalar @$at_once));
		$asked += @items;
		@wrong = (live_again($life, $session, @items), compare_state($life, $session));
		last if @wrong;
	}
	hang_up($_) for @$at_once;
	my @found = end_world($life, $session);
	@wrong = @found unless @wrong;
	diag encode_utf8("seed $seed, clinic $number, at once:\n" . join("\n", @wrong)) if @wrong;
	return ok(!@wrong, "clinic $number: $asked steps of sessions at once");
}

# ---------------------------------------------------------------------------
# Who is left out
# ---------------------------------------------------------------------------

# Of so many customers as many as was asked for, but for chance; in each promotion others, and more with a larger share.
sub check_shares
{
	my ($out, $overlap, $stays) = split /\|/, $node->safe_psql('empty', q{
		SELECT count(*) FILTER (WHERE clientele.held_out(7, n::text, 12.5)), count(*) FILTER (WHERE clientele.held_out(7, n::text, 12.5) AND clientele.held_out(8, n::text, 50)),
			bool_and(clientele.held_out(7, n::text, 20) OR NOT clientele.held_out(7, n::text, 12.5))
		FROM generate_series(1, 40000) AS n});
	# four standard deviations
	cmp_ok(abs($out - 5000), '<', 265, 'one in eight is left out');
	cmp_ok(abs($overlap - 2500), '<', 194, 'in another promotion others');
	is($stays, 't', 'who is left out stays so when more are');
	return;
}

check_shares();
my $clinics = int(($steps + $steps_in_world - 1) / $steps_in_world);
for my $number (1 .. $clinics)
{
	next if $ENV{PROMOTION_WORLD} && $ENV{PROMOTION_WORLD} != $number;
	my @good = (live_in_world($number, $steps_in_world), live_at_once($number, 3));
	last if $ENV{PROMOTION_FIRST} && grep { !$_ } @good;
}

note join ', ', map { "$_ $seen{$_}" } sort keys %seen;
$node->stop;
done_testing();
