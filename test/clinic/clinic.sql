-- A chain of medical-aesthetics clinics with its customers and their history.
--
--     psql -X -q -v ON_ERROR_STOP=1 -v customers=5000 -f test/clinic/clinic.sql
--
-- Variables: customers (default 5000), seed (20260101), today (2026-06-30: the
-- day with which the history ends; it begins three years earlier).  The same
-- three give the same bytes on every machine and every PostgreSQL from 13 on:
--   - nothing reads a clock, a sequence or random();
--   - all chance comes from hashint8extended, which is integer arithmetic alone
--     (no byte order) and which hash partitions on disk keep from changing;
--   - floating point is used only where IEEE 754 demands the exact result:
--     + - * / sqrt floor, one operator per step; no ln, exp or power;
--   - the order of every numbering ends in a unique key of integers.
--
-- Each figure is marked FACT (known of the trade) or CHOSEN (by us, to look
-- like a clinic).  What is not marked is CHOSEN.
--
-- The schemas org, crm, pos and emr must not exist yet.  Names, phone numbers
-- and texts are invented; no mobile number in China begins with 12.

\if :{?customers} \else \set customers 5000 \endif
\if :{?seed}      \else \set seed 20260101  \endif
\if :{?today}     \else \set today 2026-06-30 \endif

BEGIN;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL client_min_messages = warning;
SET LOCAL TimeZone = 'Asia/Shanghai';
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL jit = off;
SET LOCAL work_mem = '128MB';
SET LOCAL maintenance_work_mem = '256MB';

CREATE SCHEMA org;
CREATE SCHEMA crm;
CREATE SCHEMA pos;
CREATE SCHEMA emr;
COMMENT ON SCHEMA org IS 'the chain itself: branches, doctors, what is sold';
COMMENT ON SCHEMA crm IS 'customers and every contact with them';
COMMENT ON SCHEMA pos IS 'the till';
COMMENT ON SCHEMA emr IS 'what was done to whom';

----------------------------------------------------------------------------
-- Tools; gone again at the end

CREATE SCHEMA clinic_generator;

-- A number in [0, 1), the same for the same seed, key and stream.  A stream is
-- one question asked about many keys: 1-99 customers, 100-199 episodes,
-- 200-299 visits, 300-399 payments, 400-499 the rest.  Only the lower half of
-- the hash is fit for this: the upper one fails a chi-square test on keys in
-- sequence (5,000 keys, 100 streams, 19 degrees of freedom: mean 46, not 19).
SELECT format('CREATE FUNCTION clinic_generator.uniform(key bigint, stream int) RETURNS float8
                   LANGUAGE sql IMMUTABLE PARALLEL SAFE AS %L',
              format('SELECT (pg_catalog.hashint8extended($1, %s + $2) & 4294967295)::float8 / 4294967296::float8',
                     :'seed'::bigint * 1000)) \gexec

-- A positive number with median 1 and a long tail (log-logistic, shape 2):
-- above 3 in 10 of 100 cases, above 10 in one.
CREATE FUNCTION clinic_generator.skewed(u float8) RETURNS float8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT sqrt(1 / (1 - u) - 1)';

CREATE FUNCTION clinic_generator.pick(list text[], u float8) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT list[1 + floor(u * cardinality(list))::int]';

-- The instant that many seconds after that day's midnight, on the chain's clock.
CREATE FUNCTION clinic_generator.at(day date, second float8) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$SELECT timezone('Asia/Shanghai', day + floor(second) * interval '1 second')$$;

CREATE FUNCTION clinic_generator.uuid(key bigint, stream int) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$SELECT overlay(overlay(lpad(to_hex(hashint8extended(key, stream)), 16, '0')
                             || lpad(to_hex(hashint8extended(key, stream + 1)), 16, '0')
                        PLACING '4' FROM 13) PLACING 'a' FROM 17)::uuid$$;

----------------------------------------------------------------------------
-- The chain

CREATE TYPE org.category AS ENUM ('surgery', 'injection', 'laser', 'skin', 'anti-ageing');

CREATE TABLE org.branch (
    branch_id   int PRIMARY KEY,
    name        text NOT NULL,
    city        text NOT NULL,
    time_zone   text NOT NULL,
    opened_on   date NOT NULL
);
COMMENT ON TABLE org.branch IS 'clinics of the chain (门店)';

INSERT INTO org.branch VALUES
    (1, '静安院',   '上海', 'Asia/Shanghai',  '2016-05-18'),
    (2, '浦东院',   '上海', 'Asia/Shanghai',  '2019-03-08'),
    (3, '朝阳院',   '北京', 'Asia/Shanghai',  '2017-09-01'),
    (4, '南山院',   '深圳', 'Asia/Shanghai',  '2018-06-16'),
    (5, '西湖院',   '杭州', 'Asia/Shanghai',  '2019-10-01'),
    (6, '高新院',   '成都', 'Asia/Shanghai',  '2020-08-28'),
    (7, '江汉院',   '武汉', 'Asia/Shanghai',  '2021-04-10'),
    (8, '尖沙咀院', '香港', 'Asia/Hong_Kong', '2022-11-11');

CREATE TABLE org.doctor (
    doctor_id   int PRIMARY KEY,
    branch_id   int NOT NULL REFERENCES org.branch,
    name        text NOT NULL,
    title       text NOT NULL,
    specialities org.category[] NOT NULL,
    practising_since date NOT NULL
);
COMMENT ON TABLE org.doctor IS 'doctors (医生): six at each branch, two for each line of work';

INSERT INTO org.doctor
SELECT b * 10 + n, b,
       clinic_generator.pick('{林,沈,周,许,陆,顾,方,程,邵,严,韩,梁}', clinic_generator.uniform(b * 10 + n, 1))
       || clinic_generator.pick('{文博,晓芸,建明,雅静,志远,思敏,立群,若兰,海峰,静怡}', clinic_generator.uniform(b * 10 + n, 2)),
       (ARRAY['主任医师', '副主任医师', '主治医师'])[1 + (b + n) % 3],
       (ARRAY['{surgery}', '{injection,anti-ageing}', '{laser,skin}'])[(n + 1) / 2]::org.category[],
       date '1998-07-01' + floor(clinic_generator.uniform(b * 10 + n, 3) * 7300)::int
FROM generate_series(1, 8) b, generate_series(1, 6) n
ORDER BY 1;

CREATE TABLE org.product (
    product_id  int PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    category    org.category NOT NULL,
    list_price  numeric(10,2) NOT NULL,
    sessions    int NOT NULL,
    decide_days int4range NOT NULL
);
COMMENT ON TABLE org.product IS 'what is sold (项目), with the price of the whole course';
COMMENT ON COLUMN org.product.sessions IS 'visits that the price pays for';
COMMENT ON COLUMN org.product.decide_days IS 'days that usually pass between asking and paying';

-- How much customers of each age want it: 18-25, 26-35, 36-45, 46 and older.
-- FACT: 18-25 eyelid and nose; from 25 fillers and lasers; older anti-ageing;
-- surgery is rare, skin frequent.  The weights themselves are CHOSEN.
CREATE TEMP TABLE wish (product_id int, name text, category org.category, list_price numeric, sessions int,
                        w1 numeric, w2 numeric, w3 numeric, w4 numeric) ON COMMIT DROP;
INSERT INTO wish VALUES
    ( 1, '双眼皮',     'surgery',      9800, 1,   9,  2.5,  .6, .2),
    ( 2, '隆鼻',       'surgery',     22800, 1,   6,  2,    .4,  0),
    ( 3, '开眼角',     'surgery',      6800, 1,   2,   .6,  .1,  0),
    ( 4, '吸脂',       'surgery',     19800, 1,  .5,    1,   1, .4),
    ( 5, '眼袋去除',   'surgery',     11800, 1,   0,   .2, 1.6,  3),
    ( 6, '面部提升术', 'surgery',     49800, 1,   0,    0,  .4, 1.6),
    ( 7, '玻尿酸填充', 'injection',    3280, 1,   4,    9,   8,  5),
    ( 8, '瘦脸针',     'injection',    2380, 1,   4,    9,   4,  1),
    ( 9, '除皱针',     'injection',    1980, 1,  .5,    5,   8,  7),
    (10, '胶原蛋白',   'injection',    5800, 1,  .5,    3,   5,  4),
    (11, '水光针',     'skin',         2580, 3,   6,    8,   6,  4),
    (12, '光子嫩肤',   'laser',        4800, 5,   7,   10,   7,  4),
    (13, '皮秒祛斑',   'laser',        6800, 3,   3,    8,   9,  6),
    (14, '激光脱毛',   'laser',        1980, 6,   7,    5, 1.5, .3),
    (15, '点阵祛痘印', 'laser',        3600, 3,   6,    4,   1, .2),
    (16, '小气泡清洁', 'skin',          268, 1,  16,   14,   9,  7),
    (17, '果酸焕肤',   'skin',         1280, 4,   8,    5,   2, .5),
    (18, '补水护理',   'skin',          880, 3,  10,   11,  10, 10),
    (19, '美白护理',   'skin',         2680, 6,   5,    7,   7,  5),
    (20, '热玛吉',     'anti-ageing', 16800, 1,  .1,  1.8,   7,  9),
    (21, '超声炮',     'anti-ageing',  9800, 1,  .2,  2.2,   7,  8),
    (22, '黄金微针',   'anti-ageing',  4680, 3,  .4,    3,   6,  6),
    (23, '线雕',       'anti-ageing', 13800, 1,   0,   .7,   4,  6);

INSERT INTO org.product
SELECT product_id, name, category, list_price, sessions,
       CASE category
           WHEN 'surgery'     THEN int4range(15, 30, '[]')     -- FACT
           WHEN 'skin'        THEN int4range(1, 3, '[]')       -- FACT
           WHEN 'anti-ageing' THEN int4range(5, 14, '[]')      -- CHOSEN
           ELSE int4range(2, 7, '[]')                          -- CHOSEN
       END
FROM wish ORDER BY product_id;

-- The same as lists to draw from: for each age band, what a newcomer asks for
-- (first) and what one buys who comes again (again: a quarter of the surgery).
CREATE TEMP TABLE choice ON COMMIT DROP AS
SELECT band, again, array_agg(product_id ORDER BY product_id) AS product,
       array_agg((below / total)::float8 ORDER BY product_id) AS from_share
FROM (SELECT band, again, product_id, weight,
             sum(weight) OVER (PARTITION BY band, again ORDER BY product_id) - weight AS below,
             sum(weight) OVER (PARTITION BY band, again) AS total
      FROM wish,
           (VALUES (false), (true)) phase(again),
           LATERAL (VALUES (1, w1), (2, w2), (3, w3), (4, w4)) age(band, wanted),
           LATERAL (SELECT wanted * CASE WHEN again AND category = 'surgery' THEN .25 ELSE 1 END) drawn(weight)
      WHERE wanted > 0) shares
GROUP BY band, again;

----------------------------------------------------------------------------
-- Customers

-- Registrations grow: the last month sees more than twice as many as the first.
CREATE TEMP TABLE arrival ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY day, second, raw) AS id, day, second, channel
FROM (SELECT raw,
             first_day + floor((sqrt(.36 + 1.6 * ((raw - clinic_generator.uniform(raw, 1)) / :customers)) - .6) / .8
                               * days)::int AS day,
             CASE WHEN channel = 'walk_in' THEN floor(34200 + 36000 * clinic_generator.uniform(raw, 2))
                  ELSE floor(28800 + 50400 * clinic_generator.uniform(raw, 2)) END::int AS second,
             channel
      FROM generate_series(1, :customers::bigint) raw,
           LATERAL (SELECT (:'today'::date - interval '3 years')::date AS first_day) begin,
           LATERAL (SELECT :'today'::date - first_day + 1 AS days) span,
           LATERAL (SELECT clinic_generator.uniform(raw, 3) AS u_channel) draw,
           -- FACT: paid : walk-in : referral = 7 : 1 : 2
           LATERAL (SELECT CASE WHEN u_channel < .7 THEN 'paid' WHEN u_channel < .8 THEN 'walk_in'
                                ELSE 'referral' END AS channel) via) someone;

CREATE TEMP TABLE person ON COMMIT DROP AS
SELECT id, day, second, channel, age, band, wealth, deal_seeker, branch_id, product_id AS favourite, category AS interest,
       -- who comes at all, who buys, how often again: CHOSEN, heavily skewed (FACT)
       comes,
       comes AND clinic_generator.uniform(id, 12)
                 < CASE channel WHEN 'referral' THEN .82 ELSE .64 END * CASE category WHEN 'surgery' THEN .6 ELSE 1 END
           AS buys,
       least(40, floor(1.65 * clinic_generator.skewed(clinic_generator.uniform(id, 13)) * (.15 + 1.3 * wealth * wealth)))::int AS repeats,
       25 + 85 * clinic_generator.uniform(id, 14) AS rhythm
FROM (SELECT id, day, second, channel,
             -- FACT: 18 to 55 years old; registered from 18 to 51, so nobody is older today.  Shares CHOSEN.
             CASE WHEN u_age < .24 THEN 18 + floor(u_age / .24 * 8)
                  WHEN u_age < .70 THEN 26 + floor((u_age - .24) / .46 * 10)
                  WHEN u_age < .91 THEN 36 + floor((u_age - .70) / .21 * 10)
                  ELSE 46 + floor((u_age - .91) / .09 * 6) END::int AS age,
             CASE WHEN u_age < .24 THEN 1 WHEN u_age < .70 THEN 2 WHEN u_age < .91 THEN 3 ELSE 4 END AS band,
             clinic_generator.uniform(id, 5) AS wealth,
             clinic_generator.uniform(id, 6) < .3 AS deal_seeker,
             1 + width_bucket(clinic_generator.uniform(id, 7), '{.20,.36,.52,.65,.77,.88,.96}'::float8[]) AS branch_id,
             clinic_generator.uniform(id, 11) < CASE channel WHEN 'paid' THEN .48 WHEN 'referral' THEN .8 ELSE 2 END AS comes
      FROM arrival, LATERAL (SELECT clinic_generator.uniform(id, 4) AS u_age) draw) someone
     JOIN choice USING (band)
     JOIN LATERAL (SELECT product[width_bucket(clinic_generator.uniform(id, 8), from_share)] AS product_id) wanted ON true
     JOIN wish USING (product_id)
WHERE NOT again
ORDER BY id;

CREATE TYPE crm.gender AS ENUM ('F', 'M');
CREATE TYPE crm.channel AS ENUM ('paid', 'walk_in', 'referral');

CREATE TABLE crm.customer (
    customer_id bigint GENERATED BY DEFAULT AS IDENTITY,
    member_no   uuid NOT NULL,
    name        text NOT NULL,
    gender      crm.gender NOT NULL,
    birthday    date,
    phone       text NOT NULL,
    city        text NOT NULL,
    branch_id   int NOT NULL,
    channel     crm.channel NOT NULL,
    platform    text,
    registered_at timestamptz NOT NULL,
    marketing_consent boolean,
    budget      numeric(10,2),
    "项目偏好"  text[],
    "肤质"      text
);
COMMENT ON TABLE crm.customer IS 'everybody who ever left a phone number (客户), also those who never came';
COMMENT ON COLUMN crm.customer.branch_id IS 'the branch that looks after the customer';
COMMENT ON COLUMN crm.customer.platform IS 'where a paid lead came from';
COMMENT ON COLUMN crm.customer.marketing_consent IS 'NULL = never asked';
COMMENT ON COLUMN crm.customer.budget IS 'what the customer says she would spend this year';
COMMENT ON COLUMN crm.customer."项目偏好" IS 'projects the customer named; NULL = never asked';

INSERT INTO crm.customer
SELECT p.id, clinic_generator.uuid(p.id, 20),
       clinic_generator.pick('{王,李,张,刘,陈,杨,黄,赵,吴,周,徐,孙,马,朱,胡,郭,何,林,高,罗,郑,梁,谢,宋,唐,许,邓,冯,韩,曹,欧阳,上官}',
                             clinic_generator.uniform(p.id, 22) * clinic_generator.uniform(p.id, 23))
       || CASE WHEN female
               THEN clinic_generator.pick('{婷,雪,敏,静,丽,娜,芳,梦,欣,雨,佳,思,晓,雅,琳,诗,若,子,一,可}', clinic_generator.uniform(p.id, 24))
                    || clinic_generator.pick('{怡,涵,婷,洁,瑶,彤,琪,颖,妍,萱,菲,宁,"",""}', clinic_generator.uniform(p.id, 25))
               ELSE clinic_generator.pick('{伟,强,磊,军,洋,勇,杰,涛,明,超,浩,宇,志,俊}', clinic_generator.uniform(p.id, 24))
                    || clinic_generator.pick('{轩,然,辰,航,鹏,文,"",""}', clinic_generator.uniform(p.id, 25)) END,
       CASE WHEN female THEN 'F' ELSE 'M' END::crm.gender,
       CASE WHEN clinic_generator.uniform(p.id, 27) >= .06
            THEN (p.day - p.age * interval '1 year')::date - floor(clinic_generator.uniform(p.id, 28) * 364)::int END,
       '12' || lpad(floor(clinic_generator.uniform(p.id, 29) * 1000000000)::bigint::text, 9, '0'),
       CASE WHEN clinic_generator.uniform(p.id, 30) < .85 THEN b.city
            ELSE clinic_generator.pick('{苏州,南京,天津,广州,宁波,重庆,长沙,澳门}', clinic_generator.uniform(p.id, 31)) END,
       p.branch_id, p.channel::crm.channel,
       CASE WHEN p.channel = 'paid'
            THEN clinic_generator.pick('{小红书,小红书,抖音,抖音,美团,百度,微博}', clinic_generator.uniform(p.id, 32)) END,
       clinic_generator.at(p.day, p.second),
       CASE WHEN u_consent < .64 THEN true WHEN u_consent < .85 THEN false END,
       CASE WHEN clinic_generator.uniform(p.id, 34) < .55
            THEN 1000 * ceil(w.list_price * (.5 + 2 * p.wealth + .5 * clinic_generator.uniform(p.id, 35))::numeric(6,3) / 1000) END,
       CASE WHEN u_wishes < .1 THEN NULL
            WHEN u_wishes < .15 THEN '{}'::text[]
            WHEN u_wishes < .65 OR again.name = w.name THEN ARRAY[w.name]
            ELSE ARRAY[w.name, again.name] END,
       CASE WHEN clinic_generator.uniform(p.id, 38) < .7
            THEN clinic_generator.pick('{干性,油性,混合性,敏感性,中性}', clinic_generator.uniform(p.id, 39)) END
FROM person p
     JOIN org.branch b ON b.branch_id = p.branch_id
     JOIN wish w ON w.product_id = p.favourite
     JOIN choice c ON c.band = p.band AND c.again
     JOIN wish again ON again.product_id = c.product[width_bucket(clinic_generator.uniform(p.id, 37), c.from_share)],
     LATERAL (SELECT clinic_generator.uniform(p.id, 26) < .92 AS female,     -- FACT: mostly women; 92 % CHOSEN
                     clinic_generator.uniform(p.id, 33) AS u_consent,
                     clinic_generator.uniform(p.id, 36) AS u_wishes) draw
ORDER BY p.id;

----------------------------------------------------------------------------
-- Episodes: a customer asks for something, takes her days to decide, pays.

CREATE TEMP TABLE episode ON COMMIT DROP AS
SELECT id, k, key, product_id, category, sessions,
       paid_on - decide AS asked_on, paid_on,
       CASE WHEN k = 0 AND wait = 0 THEN second ELSE floor(30600 + 46800 * clinic_generator.uniform(key, 106)) END::int AS asked_second,
       floor(36000 + 34000 * clinic_generator.uniform(key, 107))::int AS paid_second,
       CASE WHEN clinic_generator.uniform(key, 108) < .93 THEN branch_id
            ELSE 1 + floor(8 * clinic_generator.uniform(key, 109))::int END AS branch_id,
       CASE category WHEN 'surgery' THEN 1 WHEN 'injection' THEN 3 WHEN 'anti-ageing' THEN 3 ELSE 5 END
       + CASE WHEN clinic_generator.uniform(CASE WHEN clinic_generator.uniform(key, 110) < .7 THEN id ELSE key END, 111) < .6
              THEN 0 ELSE 1 END AS doctor_slot,
       wealth, deal_seeker, channel,
       paid_on <= :'today'::date AS paid,
       -- of the sales, CHOSEN: 5 % refunded, two in three of those in full and before any treatment
       paid_on <= :'today'::date AND refunded_on <= :'today'::date AS refunded,
       refunded_on, clinic_generator.uniform(key, 114) < .67 AS refunded_fully
FROM (SELECT id, k, key, product_id, category, sessions, second, branch_id, wealth, deal_seeker, channel, wait, decide,
             day + (sum(wait + decide) OVER (PARTITION BY id ORDER BY k))::int AS paid_on
      FROM (SELECT p.id, p.day, p.second, p.channel, p.wealth, p.deal_seeker, p.branch_id, k, key,
                   w.product_id, w.category, w.sessions,
                   CASE WHEN k = 0 AND (p.channel = 'walk_in' OR clinic_generator.uniform(key, 100) < .75) THEN 0
                        WHEN k = 0 THEN least(400, floor(10 + 30 * clinic_generator.skewed(clinic_generator.uniform(key, 101))))
                        ELSE least(400, greatest(7, floor(p.rhythm * clinic_generator.skewed(clinic_generator.uniform(key, 101)))))
                   END::int AS wait,
                   lower(o.decide_days) + floor((upper(o.decide_days) - lower(o.decide_days))
                                                * clinic_generator.uniform(key, 102))::int AS decide
            FROM person p
                 CROSS JOIN LATERAL generate_series(0, p.repeats) k
                 CROSS JOIN LATERAL (SELECT p.id * 64 + k AS key) numbered
                 JOIN choice c ON c.band = p.band AND c.again
                 JOIN wish w ON w.product_id =
                     CASE WHEN k = 0 OR (p.interest <> 'surgery' AND clinic_generator.uniform(key, 103) < .4) THEN p.favourite
                          ELSE c.product[width_bucket(clinic_generator.uniform(key, 104), c.from_share)] END
                 JOIN org.product o ON o.product_id = w.product_id
            WHERE p.buys) step) walk,
     LATERAL (SELECT CASE WHEN clinic_generator.uniform(key, 112) < .05
                          THEN paid_on + 1 + floor(40 * clinic_generator.uniform(key, 113))::int END AS refunded_on) refund
WHERE paid_on - decide <= :'today'::date;

----------------------------------------------------------------------------
-- Questions asked online

CREATE TABLE crm.consultation (
    consultation_id bigint GENERATED BY DEFAULT AS IDENTITY,
    customer_id bigint NOT NULL,
    asked_at    timestamptz NOT NULL,
    answered_at timestamptz,
    medium      text NOT NULL,
    product_id  int NOT NULL,
    category    org.category NOT NULL,
    question    text NOT NULL,
    named_budget boolean NOT NULL
);
COMMENT ON TABLE crm.consultation IS 'consultations before the visit (网电咨询)';
COMMENT ON COLUMN crm.consultation.answered_at IS 'NULL = nobody answered';

INSERT INTO crm.consultation
SELECT row_number() OVER (ORDER BY asked_at, key, no), id, asked_at,
       CASE WHEN clinic_generator.uniform(key, 400 + no) < .96
            THEN asked_at + floor(20 + 300 * clinic_generator.skewed(clinic_generator.uniform(key, 405 + no))) * interval '1 second' END,
       clinic_generator.pick('{微信,微信,小红书,电话,官网}', clinic_generator.uniform(key, 410 + no)),
       product_id, w.category,
       w.name || clinic_generator.pick('{多少钱？,恢复期多久？,想先看看案例,有没有活动？,会不会疼？,哪位医生做？,要做几次？,周末可以约吗？}',
                                       clinic_generator.uniform(key, 415 + no)),
       clinic_generator.uniform(key, 420 + no) < .35
FROM (-- before each purchase; a walk-in asks at the desk the first time
      SELECT id, key, 0 AS no, product_id, clinic_generator.at(asked_on, asked_second) AS asked_at
      FROM episode WHERE NOT (k = 0 AND channel = 'walk_in')
      UNION ALL
      -- those who registered and did not buy, or not at once
      SELECT id, id * 64 + 63, 1, favourite, clinic_generator.at(day, second)
      FROM person WHERE channel <> 'walk_in'
          AND NOT EXISTS (SELECT FROM episode e WHERE e.id = person.id AND e.k = 0 AND e.asked_on = person.day)
      UNION ALL
      -- and whoever asks again later, up to three times
      SELECT id, id * 64 + 63, 1 + n, favourite,
             clinic_generator.at(day + 1 + floor(clinic_generator.skewed(clinic_generator.uniform(id, 40 + n)) * 60)::int,
                                 30600 + 46800 * clinic_generator.uniform(id, 45 + n))
      FROM person, generate_series(1, least(3, floor(1.1 * clinic_generator.skewed(clinic_generator.uniform(id, 40))))::int) n) asked
     JOIN wish w USING (product_id)
WHERE asked_at < clinic_generator.at(:'today'::date, 79200)
ORDER BY 1;

----------------------------------------------------------------------------
-- Visits

CREATE TYPE crm.visit_type AS ENUM ('first', 're_consult', 're_purchase', 'course_session');

CREATE TEMP TABLE arriving ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY recorded_at, key, step) AS visit_id, id, key, step, branch_id, doctor_id,
       -- whatever it was meant to be, somebody's first visit is the first
       CASE WHEN row_number() OVER (PARTITION BY id ORDER BY arrived_at, key, step) = 1 THEN 'first' ELSE kind END AS kind,
       arrived_at, recorded_at
FROM (SELECT *, branch_id * 10 + doctor_slot AS doctor_id,
             clinic_generator.at(arrived_on, arrived_second) AS arrived_at,
             -- CHOSEN: 2 % are written down one to three days late
             clinic_generator.at(arrived_on, arrived_second)
             + CASE WHEN u_late < .02 AND arrived_on + late <= :'today'::date THEN late ELSE 0 END * interval '1 day' AS recorded_at
      FROM (-- the visit that ends with paying
            SELECT id, key, 1 AS step, branch_id, doctor_slot, CASE k WHEN 0 THEN 're_consult' ELSE 're_purchase' END AS kind,
                   paid_on AS arrived_on, paid_second - 900 AS arrived_second
            FROM episode WHERE paid
            UNION ALL
            -- surgery is talked over face to face before
            SELECT id, key, 0, branch_id, doctor_slot, 're_consult',
                   asked_on + 3 + floor(8 * clinic_generator.uniform(key, 200))::int, 36000 + 34000 * clinic_generator.uniform(key, 201)
            FROM episode WHERE category = 'surgery' AND NOT (k = 0 AND channel = 'walk_in')
            UNION ALL
            -- who walks in is there
            SELECT id, id * 64 + 63, 0, branch_id, 1 + floor(6 * clinic_generator.uniform(id, 50))::int, 're_consult', day, second
            FROM person WHERE channel = 'walk_in'
            UNION ALL
            -- who comes and does not buy; one in four comes twice
            SELECT id, id * 64 + 63, n, branch_id, 1 + floor(6 * clinic_generator.uniform(id, 50))::int, 're_consult',
                   day + 1 + n * 5 + floor(least(90, 6 * clinic_generator.skewed(clinic_generator.uniform(id, 51 + n))))::int,
                   36000 + 34000 * clinic_generator.uniform(id, 54 + n)
            FROM person, generate_series(1, CASE WHEN clinic_generator.uniform(id, 57) < .25 THEN 2 ELSE 1 END) n
            WHERE comes AND NOT buys AND (channel <> 'walk_in' OR n = 2)
            UNION ALL
            -- the further sessions of a course; 15 % are never taken
            SELECT id, key, session, branch_id, doctor_slot, 'course_session',
                   paid_on + (session - 1) * 28 + floor(12 * clinic_generator.uniform(key, 210 + session))::int,
                   34200 + 36000 * clinic_generator.uniform(key, 220 + session)
            FROM episode, generate_series(2, sessions) session
            WHERE paid AND NOT (refunded AND refunded_fully) AND clinic_generator.uniform(key, 230 + session) < .85) planned,
           LATERAL (SELECT clinic_generator.uniform(key, 240 + step) AS u_late,
                           1 + floor(3 * clinic_generator.uniform(key, 250 + step))::int AS late) draw
      WHERE arrived_on <= :'today'::date) made;

CREATE TABLE crm.visit (
    visit_id    bigint GENERATED BY DEFAULT AS IDENTITY,
    customer_id bigint NOT NULL,
    branch_id   int NOT NULL,
    doctor_id   int NOT NULL,
    visit_type  crm.visit_type NOT NULL,
    booked_for  timestamp,
    arrived_at  timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL
);
COMMENT ON TABLE crm.visit IS 'visits to a branch (到院)';
COMMENT ON COLUMN crm.visit.booked_for IS 'on the branch''s own clock; NULL = came without an appointment';
COMMENT ON COLUMN crm.visit.recorded_at IS 'when it was typed in, later than arrived_at if written down late';

INSERT INTO crm.visit
SELECT visit_id, id, branch_id, doctor_id, kind::crm.visit_type,
       CASE WHEN clinic_generator.uniform(key, 260 + step) < .8
            THEN date_trunc('hour', timezone('Asia/Shanghai', arrived_at))
                 + CASE WHEN clinic_generator.uniform(key, 270 + step) < .5 THEN interval '0' ELSE interval '30 minutes' END END,
       arrived_at, recorded_at
FROM arriving ORDER BY visit_id;

----------------------------------------------------------------------------
-- The till

CREATE TYPE pos.payment_kind AS ENUM ('sale', 'deposit', 'top_up', 'debt_repayment', 'refund');

CREATE TEMP TABLE sale ON COMMIT DROP AS
SELECT e.*, visit_id, listed, net, arrived_at + interval '15 minutes' AS paid_at,
       -- one large bill in eight is not paid at once
       CASE WHEN net >= 8000 AND clinic_generator.uniform(e.key, 300) < .12
            THEN 100 * round(net * (.2 + .3 * clinic_generator.uniform(e.key, 301))::numeric(6,4) / 100) ELSE 0 END AS owed,
       CASE WHEN refunded AND refunded_fully THEN net
            WHEN refunded THEN greatest(1, round(net * (.2 + .4 * clinic_generator.uniform(e.key, 302))::numeric(6,4))) END AS given_back
FROM episode e
     JOIN arriving a ON a.key = e.key AND a.step = 1
     JOIN wish w ON w.product_id = e.product_id,
     -- injections are bought by the dose; Shanghai, Beijing and Hong Kong are dearer; deal seekers wait for offers
     LATERAL (SELECT 10 * round(list_price / 10
                                * CASE w.category WHEN 'injection' THEN 1 + floor(2.6 * e.wealth * clinic_generator.uniform(e.key, 303))::int ELSE 1 END
                                * CASE WHEN e.branch_id IN (1, 2, 3, 8) THEN 1.1 ELSE 1 END) AS listed) at_list,
     LATERAL (SELECT greatest(1, round(listed * CASE WHEN e.deal_seeker THEN .55 + .25 * clinic_generator.uniform(e.key, 304)
                                                     ELSE .82 + .18 * clinic_generator.uniform(e.key, 304) END::numeric(6,4))) AS net) at_till;
ANALYZE sale;

CREATE TEMP TABLE paying ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY recorded_at, key, kind, copy) AS payment_id, *
FROM (SELECT booked.*,
             -- CHOSEN: 3 % are typed in one to seven days late
             CASE WHEN clinic_generator.uniform(key, 310 + kind) < .03 AND typed_at < clinic_generator.at(:'today'::date, 79200)
                  THEN typed_at ELSE paid_at END + copy * interval '40 seconds' AS recorded_at
      FROM (SELECT id, key, 1 AS kind, copy, visit_id, branch_id, branch_id * 10 + doctor_slot AS doctor_id, product_id, category,
                   paid_at, listed, net, owed
            -- CHOSEN: four sales in a thousand are typed in twice
            FROM sale, generate_series(0, CASE WHEN clinic_generator.uniform(key, 305) < .004 THEN 1 ELSE 0 END) copy
            UNION ALL
            -- a deposit for a surgery, at the consultation before; not given back separately, it is counted against the sale
            SELECT e.id, e.key, 2, 0, visit_id, e.branch_id, branch_id * 10 + doctor_slot, product_id, category,
                   arrived_at + interval '40 minutes', NULL, deposit, NULL
            FROM (SELECT id, key, branch_id, doctor_slot, product_id, category,
                         (ARRAY[500, 1000, 2000, 3000])[1 + floor(4 * clinic_generator.uniform(key, 307))::int] AS deposit
                  FROM episode WHERE category = 'surgery' AND clinic_generator.uniform(key, 306) < .7) e
                 JOIN (SELECT key, visit_id, arrived_at FROM arriving WHERE step = 0) a USING (key)
            UNION ALL
            -- some who never buy leave a deposit too
            SELECT p.id, key, 2, 0, visit_id, p.branch_id, doctor_id, favourite, interest,
                   arrived_at + interval '40 minutes', NULL, 500, NULL
            FROM person p JOIN arriving a ON a.id = p.id AND a.step = 1 AND NOT p.buys
            WHERE clinic_generator.uniform(p.id, 60) < .05
            UNION ALL
            -- money put on the member's card, mostly by those who come often and have it
            SELECT id, key, 3, 0, visit_id, branch_id, NULL, NULL, NULL, paid_at + interval '5 minutes', NULL,
                   (ARRAY[3000, 5000, 10000, 20000, 50000])[1 + floor(5 * wealth * clinic_generator.uniform(key, 308))::int], NULL
            FROM sale WHERE k > 0 AND clinic_generator.uniform(key, 309) < .1 * wealth
            UNION ALL
            SELECT id, key, 4, 0, NULL, branch_id, NULL, product_id, category, repaid_at, NULL, owed, NULL
            FROM sale, LATERAL (SELECT clinic_generator.at(paid_on + 15 + floor(60 * clinic_generator.uniform(key, 335))::int,
                                                            36000 + 34000 * clinic_generator.uniform(key, 336)) AS repaid_at) later
            WHERE owed > 0 AND clinic_generator.uniform(key, 337) < .85
            UNION ALL
            SELECT id, key, 5, 0, NULL, branch_id, branch_id * 10 + doctor_slot, product_id, category,
                   clinic_generator.at(refunded_on, 36000 + 34000 * clinic_generator.uniform(key, 338)), NULL, -given_back, NULL
            FROM sale WHERE refunded) booked,
           LATERAL (SELECT clinic_generator.at(timezone('Asia/Shanghai', paid_at)::date + 1 + floor(7 * clinic_generator.uniform(key, 320 + kind))::int,
                                               36000 + 34000 * clinic_generator.uniform(key, 325 + kind)) AS typed_at) draw
      WHERE paid_at < clinic_generator.at(:'today'::date, 79200)) typed;

CREATE TABLE pos.payment (
    payment_id  bigint GENERATED BY DEFAULT AS IDENTITY,
    receipt_no  uuid NOT NULL,
    customer_id bigint NOT NULL,
    branch_id   int NOT NULL,
    visit_id    bigint,
    doctor_id   int,
    product_id  int,
    category    org.category,
    kind        pos.payment_kind NOT NULL,
    paid_at     timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    list_amount numeric(12,2),
    net         numeric(12,2) NOT NULL,
    owed        numeric(12,2),
    method      text NOT NULL,
    refund_of   bigint,
    CHECK ((kind = 'refund') = (refund_of IS NOT NULL)),
    CHECK ((kind = 'refund') = (net < 0))
);
COMMENT ON TABLE pos.payment IS
    'the till (收银). Revenue is sale and refund: a sale carries the whole price, however it is paid; deposits, top-ups and repayments of debt are money on the way to or from a sale';
COMMENT ON COLUMN pos.payment.receipt_no IS 'the same on two rows if a sale was typed in twice';
COMMENT ON COLUMN pos.payment.recorded_at IS 'when it was typed in, later than paid_at if backdated';
COMMENT ON COLUMN pos.payment.owed IS 'part of a sale not paid yet at paid_at';

INSERT INTO pos.payment
SELECT p.payment_id, clinic_generator.uuid(p.key * 8 + p.kind, 340), p.id, p.branch_id, p.visit_id, p.doctor_id, p.product_id, p.category,
       (ARRAY['sale', 'deposit', 'top_up', 'debt_repayment', 'refund'])[p.kind]::pos.payment_kind,
       p.paid_at, p.recorded_at, p.listed, p.net, p.owed,
       CASE WHEN p.kind = 1 AND p.net >= 5000 AND u_method < .15 THEN '分期'
            ELSE clinic_generator.pick('{微信,微信,微信,支付宝,支付宝,银行卡,储值卡,现金}', u_method) END,
       s.payment_id
FROM paying p
     LEFT JOIN paying s ON p.kind = 5 AND s.key = p.key AND s.kind = 1 AND s.copy = 0,
     LATERAL (SELECT clinic_generator.uniform(p.key, 350 + p.kind) AS u_method) draw
ORDER BY p.payment_id;

----------------------------------------------------------------------------
-- What was done

CREATE TABLE emr.treatment (
    treatment_id bigint GENERATED BY DEFAULT AS IDENTITY,
    customer_id bigint NOT NULL,
    visit_id    bigint NOT NULL,
    payment_id  bigint NOT NULL,
    product_id  int NOT NULL,
    doctor_id   int NOT NULL,
    session_no  smallint NOT NULL,
    performed_at timestamp NOT NULL,
    pain        smallint CHECK (pain BETWEEN 0 AND 10)
);
COMMENT ON TABLE emr.treatment IS 'treatments (治疗); a course has one row for each session taken';
COMMENT ON COLUMN emr.treatment.payment_id IS 'the sale that paid for it';
COMMENT ON COLUMN emr.treatment.performed_at IS 'on the branch''s own clock';

CREATE TEMP TABLE treating ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY arrived_at, s.key, a.step) AS treatment_id, s.id, a.visit_id, p.payment_id, s.product_id, a.doctor_id,
       s.branch_id, s.key, a.step, a.arrived_at
FROM sale s
     JOIN arriving a ON a.key = s.key AND a.step >= 1
     JOIN paying p ON p.key = s.key AND p.kind = 1 AND p.copy = 0
WHERE NOT (s.refunded AND s.refunded_fully);

INSERT INTO emr.treatment
SELECT treatment_id, id, visit_id, payment_id, product_id, doctor_id, step,
       timezone('Asia/Shanghai', arrived_at + interval '45 minutes'),
       CASE WHEN clinic_generator.uniform(key, 430 + step) < .8
            THEN least(10, floor(2.5 * clinic_generator.skewed(clinic_generator.uniform(key, 440 + step)))) END
FROM treating ORDER BY treatment_id;

----------------------------------------------------------------------------
-- What customers think, read and tell others

CREATE TABLE crm.survey (
    survey_id   bigint GENERATED BY DEFAULT AS IDENTITY,
    customer_id bigint NOT NULL,
    visit_id    bigint NOT NULL,
    answered_at timestamptz NOT NULL,
    recommend   smallint NOT NULL CHECK (recommend BETWEEN 0 AND 10),
    remark      text
);
COMMENT ON TABLE crm.survey IS 'satisfaction surveys (满意度回访): would you recommend us, 0 to 10';

INSERT INTO crm.survey
SELECT row_number() OVER (ORDER BY answered_at, treatment_id), id, visit_id, answered_at,
       CASE WHEN u_happy < .05 THEN floor(u_happy / .05 * 5) WHEN u_happy < .12 THEN 5 + floor((u_happy - .05) / .07 * 2)
            WHEN u_happy < .38 THEN 7 + floor((u_happy - .12) / .26 * 2) ELSE 9 + floor((u_happy - .38) / .62 * 2) END,
       CASE WHEN clinic_generator.uniform(treatment_id, 452) >= .3 THEN NULL
            WHEN u_happy < .12 THEN clinic_generator.pick('{等待时间太长,效果不明显,价格与咨询时不一致,术后没人回访}', clinic_generator.uniform(treatment_id, 453))
            ELSE clinic_generator.pick('{医生很耐心,环境很好,恢复得比想象快,会推荐给朋友}', clinic_generator.uniform(treatment_id, 453)) END
FROM treating,
     LATERAL (SELECT arrived_at + floor(86400 * (1 + 5 * clinic_generator.uniform(treatment_id, 450))) * interval '1 second' AS answered_at,
                     clinic_generator.uniform(treatment_id, 451) AS u_happy) draw
WHERE clinic_generator.uniform(treatment_id, 454) < .3 AND answered_at < clinic_generator.at(:'today'::date, 79200)
ORDER BY 1;

CREATE TABLE crm.complaint (
    complaint_id bigint GENERATED BY DEFAULT AS IDENTITY,
    customer_id bigint NOT NULL,
    visit_id    bigint NOT NULL,
    opened_at   timestamptz NOT NULL,
    closed_at   timestamptz,
    severe      boolean NOT NULL,
    subject     text NOT NULL
);
COMMENT ON TABLE crm.complaint IS 'complaints (投诉); closed_at NULL = still open';

INSERT INTO crm.complaint
SELECT row_number() OVER (ORDER BY opened_at, treatment_id), id, visit_id, opened_at,
       CASE WHEN closed_at < clinic_generator.at(:'today'::date, 79200) AND clinic_generator.uniform(treatment_id, 463) < .93 THEN closed_at END,
       clinic_generator.uniform(treatment_id, 464) < .2,
       clinic_generator.pick('{效果不满意,服务态度,等待时间,收费争议,术后不适}', clinic_generator.uniform(treatment_id, 465))
FROM treating,
     LATERAL (SELECT arrived_at + floor(86400 * (.5 + 20 * clinic_generator.uniform(treatment_id, 461))) * interval '1 second' AS opened_at) begun,
     LATERAL (SELECT opened_at + floor(86400 * (1 + 8 * clinic_generator.skewed(clinic_generator.uniform(treatment_id, 462)))) * interval '1 second' AS closed_at) done
WHERE clinic_generator.uniform(treatment_id, 460) < .018 AND opened_at < clinic_generator.at(:'today'::date, 79200)
ORDER BY 1;

CREATE TABLE crm.article (
    article_id  int PRIMARY KEY,
    topic       text NOT NULL,
    title       text NOT NULL,
    published_on date NOT NULL
);
COMMENT ON TABLE crm.article IS 'articles of the chain''s public account (科普文章)';

INSERT INTO crm.article
SELECT (t - 1) * 5 + n, topic, subject || (ARRAY['：你该知道的五件事', '怎么选？医生这样说', '术前术后全攻略', '的常见误区', '真实案例分享'])[n],
       (:'today'::date - interval '3 years')::date - 1 - floor(clinic_generator.uniform((t - 1) * 5 + n, 470) * 300)::int
FROM (VALUES (1, 'eyelid', '双眼皮'), (2, 'nose', '鼻整形'), (3, 'filler', '玻尿酸'), (4, 'laser', '光电项目'),
             (5, 'skin', '皮肤管理'), (6, 'anti-ageing', '抗衰'), (7, 'price', '医美价格'), (8, 'safety', '医美安全')) topics(t, topic, subject),
     generate_series(1, 5) n
ORDER BY 1;

CREATE TABLE crm.article_read (
    read_id     bigint GENERATED BY DEFAULT AS IDENTITY,
    customer_id bigint NOT NULL,
    article_id  int NOT NULL,
    topic       text NOT NULL,
    read_at     timestamptz NOT NULL,
    seconds     int NOT NULL,
    shared      boolean NOT NULL
);
COMMENT ON TABLE crm.article_read IS 'who read what (内容浏览)';

INSERT INTO crm.article_read
SELECT row_number() OVER (ORDER BY read_at, key), id, article_id, topic, read_at,
       least(1800, floor(60 * clinic_generator.skewed(clinic_generator.uniform(key, 475))))::int, clinic_generator.uniform(key, 476) < .06
FROM (SELECT id, key, (t - 1) * 5 + 1 + floor(5 * clinic_generator.uniform(key, 480))::int AS article_id,
             -- buyers keep reading; others lose interest
             clinic_generator.at(day + floor(CASE WHEN buys THEN u_when ELSE u_when * u_when * u_when END * (:'today'::date - day + 1))::int,
                                 28800 + 50400 * clinic_generator.uniform(key, 481)) AS read_at
      FROM (SELECT id, day, buys, id * 64 + n AS key, interest, favourite
            FROM person, generate_series(1, least(40, floor((CASE WHEN buys THEN 2.4 ELSE 1.1 END)
                                                            * clinic_generator.skewed(clinic_generator.uniform(id, 70))))::int) n) reading,
           LATERAL (SELECT clinic_generator.uniform(key, 482) AS u_when, clinic_generator.uniform(key, 483) AS u_topic) draw,
           LATERAL (SELECT CASE WHEN u_topic >= .6 THEN 1 + floor((u_topic - .6) / .4 * 8)
                                WHEN favourite IN (1, 3, 5) THEN 1 WHEN favourite = 2 THEN 2
                                WHEN interest = 'injection' THEN 3 WHEN interest = 'laser' THEN 4 WHEN interest = 'skin' THEN 5
                                WHEN interest = 'anti-ageing' OR favourite = 6 THEN 6 ELSE 8 END::int AS t) about) chosen
     JOIN crm.article USING (article_id)
ORDER BY 1;

CREATE TABLE crm.referral (
    referral_id bigint GENERATED BY DEFAULT AS IDENTITY,
    referrer_id bigint NOT NULL,
    referred_id bigint NOT NULL,
    referred_on date NOT NULL,
    rewarded    boolean NOT NULL,
    CHECK (referrer_id <> referred_id)
);
COMMENT ON TABLE crm.referral IS 'who brought whom (老带新); a few referred customers named nobody we know';

-- One in fourteen buyers talks to everybody and brings three of four.
INSERT INTO crm.referral
SELECT row_number() OVER (ORDER BY r.day, r.id), pool.id, r.id, r.day,
       r.buys AND clinic_generator.uniform(r.id, 83) < .8
FROM (SELECT id, day, buys, talker, known,
             count(*) FILTER (WHERE known) OVER (PARTITION BY talker ORDER BY day RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM (SELECT id, day - date '2000-01-01' AS day, buys, clinic_generator.uniform(id, 80) < .75 AS talker, false AS known
            FROM person WHERE channel = 'referral'
            UNION ALL
            SELECT id, paid_on - date '2000-01-01', true, clinic_generator.uniform(id, 81) < .07, true
            FROM episode WHERE k = 0 AND paid) events) r0,
     LATERAL (SELECT id, date '2000-01-01' + day AS day, buys, talker, before WHERE NOT known AND before > 0) r
     JOIN (SELECT id, clinic_generator.uniform(id, 81) < .07 AS talker,
                  row_number() OVER (PARTITION BY clinic_generator.uniform(id, 81) < .07 ORDER BY paid_on, id) AS place
           FROM episode WHERE k = 0 AND paid) pool
          ON pool.talker = r.talker
          AND pool.place = r.before - floor(r.before * clinic_generator.uniform(r.id, 82) * clinic_generator.uniform(r.id, 84))::bigint
ORDER BY 1;

----------------------------------------------------------------------------
-- Keys and the indexes a clinic would have

ALTER TABLE crm.customer     ADD PRIMARY KEY (customer_id), ADD UNIQUE (member_no),
                             ADD FOREIGN KEY (branch_id) REFERENCES org.branch;
ALTER TABLE crm.consultation ADD PRIMARY KEY (consultation_id),
                             ADD FOREIGN KEY (customer_id) REFERENCES crm.customer, ADD FOREIGN KEY (product_id) REFERENCES org.product;
ALTER TABLE crm.visit        ADD PRIMARY KEY (visit_id),
                             ADD FOREIGN KEY (customer_id) REFERENCES crm.customer, ADD FOREIGN KEY (branch_id) REFERENCES org.branch,
                             ADD FOREIGN KEY (doctor_id) REFERENCES org.doctor;
ALTER TABLE pos.payment      ADD PRIMARY KEY (payment_id),
                             ADD FOREIGN KEY (customer_id) REFERENCES crm.customer, ADD FOREIGN KEY (branch_id) REFERENCES org.branch,
                             ADD FOREIGN KEY (visit_id) REFERENCES crm.visit, ADD FOREIGN KEY (doctor_id) REFERENCES org.doctor,
                             ADD FOREIGN KEY (product_id) REFERENCES org.product, ADD FOREIGN KEY (refund_of) REFERENCES pos.payment;
ALTER TABLE emr.treatment    ADD PRIMARY KEY (treatment_id),
                             ADD FOREIGN KEY (customer_id) REFERENCES crm.customer, ADD FOREIGN KEY (visit_id) REFERENCES crm.visit,
                             ADD FOREIGN KEY (payment_id) REFERENCES pos.payment, ADD FOREIGN KEY (product_id) REFERENCES org.product,
                             ADD FOREIGN KEY (doctor_id) REFERENCES org.doctor;
ALTER TABLE crm.survey       ADD PRIMARY KEY (survey_id),
                             ADD FOREIGN KEY (customer_id) REFERENCES crm.customer, ADD FOREIGN KEY (visit_id) REFERENCES crm.visit;
ALTER TABLE crm.complaint    ADD PRIMARY KEY (complaint_id),
                             ADD FOREIGN KEY (customer_id) REFERENCES crm.customer, ADD FOREIGN KEY (visit_id) REFERENCES crm.visit;
ALTER TABLE crm.article_read ADD PRIMARY KEY (read_id),
                             ADD FOREIGN KEY (customer_id) REFERENCES crm.customer, ADD FOREIGN KEY (article_id) REFERENCES crm.article;
ALTER TABLE crm.referral     ADD PRIMARY KEY (referral_id), ADD UNIQUE (referred_id),
                             ADD FOREIGN KEY (referrer_id) REFERENCES crm.customer, ADD FOREIGN KEY (referred_id) REFERENCES crm.customer;

CREATE INDEX ON crm.consultation (customer_id, asked_at);
CREATE INDEX ON crm.visit (customer_id, arrived_at);
CREATE INDEX ON pos.payment (customer_id, paid_at);
CREATE INDEX ON emr.treatment (customer_id, performed_at);
CREATE INDEX ON crm.article_read (customer_id, read_at);
CREATE INDEX ON crm.referral (referrer_id);

-- So that rows can be added by hand.
CREATE TEMP TABLE continued ON COMMIT DROP AS
SELECT setval(pg_get_serial_sequence(relation, key), coalesce(last, 1), last IS NOT NULL)
FROM (          SELECT 'crm.customer',     'customer_id',     max(customer_id)     FROM crm.customer
      UNION ALL SELECT 'crm.consultation', 'consultation_id', max(consultation_id) FROM crm.consultation
      UNION ALL SELECT 'crm.visit',        'visit_id',        max(visit_id)        FROM crm.visit
      UNION ALL SELECT 'crm.survey',       'survey_id',       max(survey_id)       FROM crm.survey
      UNION ALL SELECT 'crm.complaint',    'complaint_id',    max(complaint_id)    FROM crm.complaint
      UNION ALL SELECT 'crm.article_read', 'read_id',         max(read_id)         FROM crm.article_read
      UNION ALL SELECT 'crm.referral',     'referral_id',     max(referral_id)     FROM crm.referral
      UNION ALL SELECT 'pos.payment',      'payment_id',      max(payment_id)      FROM pos.payment
      UNION ALL SELECT 'emr.treatment',    'treatment_id',    max(treatment_id)    FROM emr.treatment) used(relation, key, last);

DROP SCHEMA clinic_generator CASCADE;
COMMIT;

ANALYZE org.branch;
ANALYZE org.doctor;
ANALYZE org.product;
ANALYZE crm.customer;
ANALYZE crm.consultation;
ANALYZE crm.visit;
ANALYZE crm.survey;
ANALYZE crm.complaint;
ANALYZE crm.article;
ANALYZE crm.article_read;
ANALYZE crm.referral;
ANALYZE pos.payment;
ANALYZE emr.treatment;
