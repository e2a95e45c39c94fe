
-- Points, stored value, gifts, coupons: what customers have; earn rules and memberships.
