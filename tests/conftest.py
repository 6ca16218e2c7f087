"""What all tests share: the environment that template.yaml would give the functions."""

import os

os.environ |= {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "TABLE_NAME": "handsel-test",
    "CLAIM_WINDOW_SECONDS": "86400",
    "WEB_URL": "https://gifts.test",
    "LINK_KEYS": '{"current": "2", "1": "an old key", "2": "the key of today"}',
    "POWERTOOLS_SERVICE_NAME": "handsel",
    "POWERTOOLS_METRICS_NAMESPACE": "Handsel",
}
