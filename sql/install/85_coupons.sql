
-- Coupons by the batch: codes that are printed or sent, and one for each customer of a segment.
