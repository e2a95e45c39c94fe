
-- Promotions of a population: defined, published, paused, ended; and what they offer a customer.
