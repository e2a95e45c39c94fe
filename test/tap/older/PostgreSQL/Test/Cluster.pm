# The packages of 14 have this module under its old name only.
package PostgreSQL::Test::Cluster;
use strict;
use warnings;

use PostgresNode ();

sub new
{
	my ($class, @arguments) = @_;
	return PostgresNode->get_new_node(@arguments);
}

# And not this method.
sub PostgresNode::wait_for_subscription_sync
{
	my ($subscriber, $publisher, $subscription) = @_;
	$subscriber->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_subscription_rel WHERE srsubstate NOT IN ('r', 's')})
		or die 'tables are not copied';
	$publisher->wait_for_catchup($subscription);
	return;
}

1;
