-- The same customers, taken in: whoever asks for one is given the stored row.

CALL clientele.refresh('customer');
