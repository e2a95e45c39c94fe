
-- Claims: what is checked is taken, once, and comes back.
