"""Set the environment that template.yaml would give the functions. Import this before anything reads the settings."""

import os

# The origin of pages and pictures.
WEB_URL = "https://gifts.test"
# The secrets by id: how template.yaml refers to them. ORIGIN_SECRET is not set, because the distribution is an option.
SECRETS = {"handsel-test-link-keys": "LinkKeys.Id", "handsel-test-origin": "OriginSecret.Id"}
os.environ |= {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "TABLE_NAME": "handsel-test",
    "BUS_NAME": "handsel-test-events",
    "CLAIM_WINDOW_SECONDS": "86400",
    "PAYMENT_PROVIDER": "sandbox",
    "WEB_URL": WEB_URL,
    "EXPORT_BUCKET": "handsel-test-exports",
    "USER_POOL_ID": "handsel-test-users",
    "LINK_KEYS_SECRET": "handsel-test-link-keys",
    "POWERTOOLS_SERVICE_NAME": "handsel",
    "POWERTOOLS_METRICS_NAMESPACE": "Handsel",
}
