-- What the shop and its analysts read: views on PRODUCTION, and nothing else is theirs to read.
-- Views hold no data, so they are simply replaced; COPY GRANTS keeps their readers.
--
-- Days, hours and months are the shop's own, in the time zone that shop_time_zone sets: a bottle
-- sold at half past midnight belongs to the new day. PRODUCTION keeps UTC. In the hour that the end
-- of summer time repeats, times of the shop are not in the order of the sales: ORDER_TIMESTAMP is.

USE DATABASE <% ctx.env.database %>;

-- All columns that ORDERS has when this is deployed.
CREATE OR REPLACE VIEW PRODUCTION.UNCANCELLED_ORDERS
COPY GRANTS
COMMENT = 'Every order that is not cancelled by now: what counts as sold'
AS
SELECT ORDERS.* -- noqa: AM04
FROM PRODUCTION.ORDERS
LEFT JOIN PRODUCTION.ORDER_CANCELLATIONS AS CANCELLED
    ON
        ORDERS.ORDER_ID = CANCELLED.ORDER_ID
        AND CANCELLED.CANCELLED_AT <= SYSDATE()
WHERE CANCELLED.ORDER_ID IS NULL;

CREATE OR REPLACE VIEW ANALYTICS.SALES
COPY GRANTS
COMMENT = 'Every order that stands with the shop''s own date and hour, and without its address'
AS
WITH LOCAL_ORDERS AS (
    SELECT
        ORDER_ID,
        ORDER_TIMESTAMP,
        CONVERT_TIMEZONE('UTC', '<% ctx.env.shop_time_zone %>', ORDER_TIMESTAMP) AS SOLD_AT,
        NULLIF(CUSTOMER_ID, '(forgotten)') AS CUSTOMER_ID,
        PRODUCT_ID,
        PRODUCT_NAME,
        PRODUCT_CATEGORY,
        QUANTITY,
        UNIT_PRICE,
        TOTAL_AMOUNT,
        PAYMENT_METHOD
    FROM PRODUCTION.UNCANCELLED_ORDERS
)

SELECT
    ORDER_ID,
    SOLD_AT,
    SOLD_AT::DATE AS SALES_DATE,
    CUSTOMER_ID,
    PRODUCT_ID,
    PRODUCT_NAME,
    PRODUCT_CATEGORY,
    QUANTITY,
    UNIT_PRICE,
    TOTAL_AMOUNT,
    PAYMENT_METHOD,
    ORDER_TIMESTAMP
FROM LOCAL_ORDERS;

CREATE OR REPLACE VIEW ANALYTICS.SHOP
COPY GRANTS
COMMENT = 'One row: the shop''s settings, its time now, and from when to when it has sales'
AS
SELECT
    '<% ctx.env.shop_time_zone %>' AS TIME_ZONE,
    '<% ctx.env.shop_language %>' AS SHOP_LANGUAGE,
    '<% ctx.env.low_stock_threshold %>'::NUMBER(10, 0) AS LOW_STOCK_THRESHOLD,
    CONVERT_TIMEZONE('UTC', '<% ctx.env.shop_time_zone %>', SYSDATE()) AS SHOP_TIME,
    CONVERT_TIMEZONE('UTC', '<% ctx.env.shop_time_zone %>', MIN(ORDER_TIMESTAMP)) AS FIRST_SOLD_AT,
    CONVERT_TIMEZONE('UTC', '<% ctx.env.shop_time_zone %>', MAX(ORDER_TIMESTAMP)) AS LAST_SOLD_AT
FROM PRODUCTION.UNCANCELLED_ORDERS;

CREATE OR REPLACE VIEW ANALYTICS.TOP_PRODUCTS
COPY GRANTS
COMMENT = 'Products by revenue, each under its latest name'
AS
SELECT
    PRODUCT_ID,
    MAX_BY(PRODUCT_NAME, ORDER_TIMESTAMP) AS PRODUCT_NAME,
    MAX_BY(PRODUCT_CATEGORY, ORDER_TIMESTAMP) AS PRODUCT_CATEGORY,
    COUNT(*) AS ORDER_COUNT,
    SUM(QUANTITY) AS BOTTLES_SOLD,
    SUM(TOTAL_AMOUNT) AS REVENUE,
    RANK() OVER (ORDER BY SUM(TOTAL_AMOUNT) DESC) AS REVENUE_RANK
FROM PRODUCTION.UNCANCELLED_ORDERS
GROUP BY PRODUCT_ID;

CREATE OR REPLACE VIEW ANALYTICS.REVENUE_BY_CATEGORY
COPY GRANTS
COMMENT = 'Orders, customers, bottles and revenue of each product category'
AS
SELECT
    PRODUCT_CATEGORY,
    COUNT(*) AS ORDER_COUNT,
    COUNT(DISTINCT NULLIF(CUSTOMER_ID, '(forgotten)')) AS CUSTOMER_COUNT,
    SUM(QUANTITY) AS BOTTLES_SOLD,
    SUM(TOTAL_AMOUNT) AS REVENUE
FROM PRODUCTION.UNCANCELLED_ORDERS
GROUP BY PRODUCT_CATEGORY;

-- Scores are fifths of all customers by their places, 5 the best. Equals share the middle of their
-- places: NTILE would tear them apart, and CUME_DIST would call the many who bought once frequent.
CREATE OR REPLACE VIEW ANALYTICS.CUSTOMER_LOYALTY
COPY GRANTS
COMMENT = 'Each customer by recency, frequency and monetary value (RFM), and the segment of it'
AS
WITH CUSTOMERS AS (
    SELECT
        CUSTOMER_ID,
        COUNT(*) AS ORDER_COUNT,
        SUM(TOTAL_AMOUNT) AS REVENUE,
        -- Of two moments the later one is never of an earlier day: two a customer are enough.
        CONVERT_TIMEZONE('UTC', '<% ctx.env.shop_time_zone %>', MIN(ORDER_TIMESTAMP))::DATE
            AS FIRST_SALES_DATE,
        CONVERT_TIMEZONE('UTC', '<% ctx.env.shop_time_zone %>', MAX(ORDER_TIMESTAMP))::DATE
            AS LAST_SALES_DATE
    FROM ANALYTICS.SALES
    -- Those who were forgotten are nobody.
    WHERE CUSTOMER_ID IS NOT NULL
    GROUP BY CUSTOMER_ID
),

PLACED AS (
    SELECT
        CUSTOMER_ID,
        ORDER_COUNT,
        REVENUE,
        FIRST_SALES_DATE,
        LAST_SALES_DATE,
        COUNT(*) OVER () AS CUSTOMER_COUNT,
        RANK() OVER (ORDER BY LAST_SALES_DATE) - 1
        + COUNT(*) OVER (PARTITION BY LAST_SALES_DATE) / 2 AS RECENCY_PLACE,
        RANK() OVER (ORDER BY ORDER_COUNT) - 1
        + COUNT(*) OVER (PARTITION BY ORDER_COUNT) / 2 AS FREQUENCY_PLACE,
        RANK() OVER (ORDER BY REVENUE) - 1
        + COUNT(*) OVER (PARTITION BY REVENUE) / 2 AS MONETARY_PLACE
    FROM CUSTOMERS
),

SCORED AS (
    SELECT
        CUSTOMER_ID,
        ORDER_COUNT,
        REVENUE,
        FIRST_SALES_DATE,
        LAST_SALES_DATE,
        CEIL(5 * RECENCY_PLACE / CUSTOMER_COUNT) AS RECENCY_SCORE,
        CEIL(5 * FREQUENCY_PLACE / CUSTOMER_COUNT) AS FREQUENCY_SCORE,
        CEIL(5 * MONETARY_PLACE / CUSTOMER_COUNT) AS MONETARY_SCORE
    FROM PLACED
)

SELECT
    CUSTOMER_ID,
    ORDER_COUNT,
    REVENUE,
    FIRST_SALES_DATE,
    LAST_SALES_DATE,
    DATEDIFF(
        'day',
        LAST_SALES_DATE,
        CONVERT_TIMEZONE('UTC', '<% ctx.env.shop_time_zone %>', SYSDATE())::DATE
    ) AS DAYS_SINCE_LAST_ORDER,
    RECENCY_SCORE::NUMBER(1, 0) AS RECENCY_SCORE,
    FREQUENCY_SCORE::NUMBER(1, 0) AS FREQUENCY_SCORE,
    MONETARY_SCORE::NUMBER(1, 0) AS MONETARY_SCORE,
    CASE
        WHEN ORDER_COUNT = 1 AND RECENCY_SCORE >= 3 THEN 'NEW'
        WHEN RECENCY_SCORE >= 4 AND FREQUENCY_SCORE >= 4 AND MONETARY_SCORE >= 4 THEN 'CHAMPION'
        WHEN RECENCY_SCORE >= 3 AND FREQUENCY_SCORE >= 3 THEN 'LOYAL'
        WHEN RECENCY_SCORE >= 3 THEN 'PROMISING'
        WHEN FREQUENCY_SCORE >= 3 OR MONETARY_SCORE >= 4 THEN 'AT RISK'
        ELSE 'ASLEEP'
    END AS SEGMENT
FROM SCORED;

-- Sales since the last adjustment are not in its level. The average is over the 28 days up to now,
-- or since the product's first sale where that is later, so that a new wine is not diluted by days
-- on which nobody could buy it. A wine that has sold for less than a day has no average yet:
-- neither a few minutes times a day nor the same bottles over a whole day would be one.
CREATE OR REPLACE VIEW ANALYTICS.STOCKOUT_FORECAST
COPY GRANTS
COMMENT = 'Each stocked product: what should be left, daily sales, and how many days it lasts'
AS
WITH SOLD AS (
    SELECT
        STOCK.PRODUCT_ID,
        SUM(IFF(SALE.ORDER_TIMESTAMP > STOCK.LAST_ADJ_TIMESTAMP, SALE.QUANTITY, 0))
            AS SOLD_SINCE_ADJUSTMENT,
        SUM(
            IFF(
                SALE.ORDER_TIMESTAMP >= DATEADD('day', -28, SYSDATE())
                AND SALE.ORDER_TIMESTAMP <= SYSDATE(),
                SALE.QUANTITY,
                0
            )
        ) AS SOLD_RECENTLY,
        LEAST(28, DATEDIFF('minute', MIN(SALE.ORDER_TIMESTAMP), SYSDATE()) / 1440)
            AS DAYS_OBSERVED
    FROM PRODUCTION.INVENTORY_CURRENT AS STOCK
    INNER JOIN PRODUCTION.UNCANCELLED_ORDERS AS SALE
        ON STOCK.PRODUCT_ID = SALE.PRODUCT_ID
    GROUP BY STOCK.PRODUCT_ID
),

RATED AS (
    SELECT
        STOCK.PRODUCT_ID,
        STOCK.PRODUCT_NAME,
        STOCK.PRODUCT_CATEGORY,
        STOCK.WAREHOUSE_LOCATION,
        STOCK.CURRENT_STOCK_LEVEL,
        STOCK.LAST_ADJ_TIMESTAMP,
        COALESCE(SOLD.SOLD_SINCE_ADJUSTMENT, 0) AS SOLD_SINCE_ADJUSTMENT,
        STOCK.CURRENT_STOCK_LEVEL - COALESCE(SOLD.SOLD_SINCE_ADJUSTMENT, 0) AS EXPECTED_STOCK,
        CASE
            WHEN SOLD.PRODUCT_ID IS NULL THEN 0
            WHEN SOLD.DAYS_OBSERVED >= 1 THEN SOLD.SOLD_RECENTLY / SOLD.DAYS_OBSERVED
        END::NUMBER(18, 3) AS DAILY_SALES
    FROM PRODUCTION.INVENTORY_CURRENT AS STOCK
    LEFT JOIN SOLD
        ON STOCK.PRODUCT_ID = SOLD.PRODUCT_ID
)

SELECT
    PRODUCT_ID,
    PRODUCT_NAME,
    PRODUCT_CATEGORY,
    WAREHOUSE_LOCATION,
    CURRENT_STOCK_LEVEL,
    LAST_ADJ_TIMESTAMP,
    SOLD_SINCE_ADJUSTMENT,
    EXPECTED_STOCK,
    DAILY_SALES,
    CASE
        WHEN EXPECTED_STOCK <= 0 THEN 0
        WHEN DAILY_SALES > 0 THEN EXPECTED_STOCK / DAILY_SALES
    END::NUMBER(18, 1) AS DAYS_LEFT
FROM RATED;

-- The averages are over the days, hours or months in which anything was sold.
CREATE OR REPLACE VIEW ANALYTICS.SEASONALITY
COPY GRANTS
COMMENT = 'Sales by day of the week (1 is Monday), hour of the day and month of the year'
AS
WITH PERIODS AS (
    SELECT
        'DAY OF WEEK' AS GRAIN,
        DAYOFWEEKISO(SALES_DATE) AS PERIOD,
        DAYNAME(SALES_DATE) AS PERIOD_NAME,
        SALES_DATE AS OCCURRENCE,
        QUANTITY,
        TOTAL_AMOUNT
    FROM ANALYTICS.SALES
    UNION ALL
    SELECT
        'HOUR' AS GRAIN,
        HOUR(SOLD_AT) AS PERIOD,
        LPAD(HOUR(SOLD_AT)::VARCHAR, 2, '0') || ':00' AS PERIOD_NAME,
        SALES_DATE AS OCCURRENCE,
        QUANTITY,
        TOTAL_AMOUNT
    FROM ANALYTICS.SALES
    UNION ALL
    SELECT
        'MONTH' AS GRAIN,
        MONTH(SALES_DATE) AS PERIOD,
        MONTHNAME(SALES_DATE) AS PERIOD_NAME,
        DATE_TRUNC('month', SALES_DATE) AS OCCURRENCE,
        QUANTITY,
        TOTAL_AMOUNT
    FROM ANALYTICS.SALES
)

SELECT
    GRAIN,
    PERIOD,
    PERIOD_NAME,
    COUNT(*) AS ORDER_COUNT,
    SUM(QUANTITY) AS BOTTLES_SOLD,
    SUM(TOTAL_AMOUNT) AS REVENUE,
    (SUM(TOTAL_AMOUNT) / COUNT(DISTINCT OCCURRENCE))::NUMBER(18, 2) AS AVERAGE_REVENUE
FROM PERIODS
GROUP BY GRAIN, PERIOD, PERIOD_NAME;

CREATE OR REPLACE VIEW ANALYTICS.LOW_STOCK_ALERTS
COPY GRANTS
COMMENT = 'Products with fewer units than the threshold: for procurement'
AS
WITH STOCK AS (
    SELECT
        PRODUCT_ID,
        PRODUCT_NAME,
        PRODUCT_CATEGORY,
        WAREHOUSE_LOCATION,
        CURRENT_STOCK_LEVEL,
        '<% ctx.env.low_stock_threshold %>'::NUMBER(10, 0) AS THRESHOLD,
        LAST_ADJ_TIMESTAMP
    FROM PRODUCTION.INVENTORY_CURRENT
)

SELECT
    PRODUCT_ID,
    PRODUCT_NAME,
    PRODUCT_CATEGORY,
    WAREHOUSE_LOCATION,
    CURRENT_STOCK_LEVEL,
    THRESHOLD,
    IFF(CURRENT_STOCK_LEVEL <= 0, 'OUT OF STOCK', 'LOW') AS SEVERITY,
    LAST_ADJ_TIMESTAMP
FROM STOCK
WHERE CURRENT_STOCK_LEVEL < THRESHOLD;
