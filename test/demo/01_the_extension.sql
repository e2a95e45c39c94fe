CREATE EXTENSION clientele;
\dx+ clientele
