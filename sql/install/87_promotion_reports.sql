
-- What promotions cost and bring, before and during; and what each was given for.
