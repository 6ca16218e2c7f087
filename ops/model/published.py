"""Published inputs of the model: AWS's list prices and quotas, and latencies that others measured on Lambda.

On demand, in us-east-1, without free tiers and discounts, as published on `AS_OF`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

AS_OF = "2026-11-24"
REGION = "us-east-1"
GIB = 1024**3
HOURS_A_MONTH = 730

_LAMBDA = "https://aws.amazon.com/lambda/pricing/"
_DYNAMODB = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
_API = "https://aws.amazon.com/api-gateway/pricing/"
_CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
_EVENTS = "https://aws.amazon.com/eventbridge/pricing/"
_CLOUDFRONT = "https://aws.amazon.com/cloudfront/pricing/"
_AURORA = "https://aws.amazon.com/rds/aurora/pricing/"


class Meter(StrEnum):
    """A usage that AWS meters and bills."""

    HTTP_REQUEST = "HTTP API request"
    REST_REQUEST = "REST API request"
    INVOCATION = "invocation"
    GB_SECOND = "GB-second, arm64"
    GB_SECOND_X86 = "GB-second, x86_64"
    SNAPSHOT_CACHED = "GB-second of a cached snapshot"
    SNAPSHOT_RESTORED = "GB restored from a snapshot"
    WRITE = "write request unit"
    READ = "read request unit"
    STORED = "GB stored for a month"
    BACKED_UP = "GB kept for point-in-time recovery, for a month"
    LOGGED = "GB of logs"
    TRACE = "trace recorded"
    EVENT = "custom event"
    SCHEDULED = "invocation by EventBridge Scheduler"
    TRANSITION = "state transition of a standard workflow"
    QUEUED = "SQS request"
    SENT = "GB to the internet"
    CDN_REQUEST = "HTTPS request to CloudFront"
    CDN_SENT = "GB from CloudFront to the internet"
    INSPECTED = "request inspected by a web ACL"
    ALARM = "metric of an alarm, for a month"
    METRIC = "custom metric, for a month"
    DASHBOARD = "dashboard, for a month"
    LINK_KEYS = "secret, for a month"
    KEY = "KMS key, for a month"
    PROVISIONED_WRITE = "provisioned write unit for an hour"
    PROVISIONED_READ = "provisioned read unit for an hour"
    ACU_HOUR = "Aurora capacity unit for an hour"


@dataclass(frozen=True, slots=True)
class Price:
    """A list price.

    Attributes:
        service: the service.
        usd: the price of `per` units in USD; of the first tier, if there are tiers.
        per: the number of units.
        source: the page that publishes it.
    """

    service: str
    usd: float
    per: float
    source: str

    @property
    def each(self) -> float:
        """Return the price of one unit in USD."""
        return self.usd / self.per


_MILLION = 1_000_000
PRICES: Mapping[Meter, Price] = {
    Meter.HTTP_REQUEST: Price("API Gateway", 1.00, _MILLION, _API),
    Meter.REST_REQUEST: Price("API Gateway", 3.50, _MILLION, _API),
    Meter.INVOCATION: Price("Lambda", 0.20, _MILLION, _LAMBDA),
    Meter.GB_SECOND: Price("Lambda", 0.0000133334, 1, _LAMBDA),
    Meter.GB_SECOND_X86: Price("Lambda", 0.0000166667, 1, _LAMBDA),
    Meter.SNAPSHOT_CACHED: Price("Lambda", 0.0000015046, 1, _LAMBDA),
    Meter.SNAPSHOT_RESTORED: Price("Lambda", 0.0001397998, 1, _LAMBDA),
    Meter.WRITE: Price("DynamoDB", 0.625, _MILLION, _DYNAMODB),
    Meter.READ: Price("DynamoDB", 0.125, _MILLION, _DYNAMODB),
    Meter.STORED: Price("DynamoDB", 0.25, 1, _DYNAMODB),
    Meter.BACKED_UP: Price("DynamoDB", 0.20, 1, _DYNAMODB),
    Meter.LOGGED: Price("CloudWatch", 0.50, 1, _CLOUDWATCH),
    Meter.TRACE: Price("X-Ray", 5.00, _MILLION, "https://aws.amazon.com/xray/pricing/"),
    Meter.EVENT: Price("EventBridge", 1.00, _MILLION, _EVENTS),
    Meter.SCHEDULED: Price("EventBridge", 1.00, _MILLION, _EVENTS),
    Meter.TRANSITION: Price("Step Functions", 25.00, _MILLION, "https://aws.amazon.com/step-functions/pricing/"),
    Meter.QUEUED: Price("SQS", 0.40, _MILLION, "https://aws.amazon.com/sqs/pricing/"),
    Meter.SENT: Price("Data transfer", 0.09, 1, "https://aws.amazon.com/ec2/pricing/on-demand/"),
    Meter.CDN_REQUEST: Price("CloudFront", 1.00, _MILLION, _CLOUDFRONT),
    Meter.CDN_SENT: Price("CloudFront", 0.085, 1, _CLOUDFRONT),
    Meter.INSPECTED: Price("WAF", 0.60, _MILLION, "https://aws.amazon.com/waf/pricing/"),
    Meter.ALARM: Price("CloudWatch", 0.10, 1, _CLOUDWATCH),
    Meter.METRIC: Price("CloudWatch", 0.30, 1, _CLOUDWATCH),
    Meter.DASHBOARD: Price("CloudWatch", 3.00, 1, _CLOUDWATCH),
    Meter.LINK_KEYS: Price("Secrets Manager", 0.40, 1, "https://aws.amazon.com/secrets-manager/pricing/"),
    Meter.KEY: Price("KMS", 1.00, 1, "https://aws.amazon.com/kms/pricing/"),
    Meter.PROVISIONED_WRITE: Price("DynamoDB", 0.00065, 1, "https://aws.amazon.com/dynamodb/pricing/provisioned/"),
    Meter.PROVISIONED_READ: Price("DynamoDB", 0.00013, 1, "https://aws.amazon.com/dynamodb/pricing/provisioned/"),
    Meter.ACU_HOUR: Price("Aurora", 0.12, 1, _AURORA),
}


@dataclass(frozen=True, slots=True)
class Published:
    """A published figure: a quota, or a measurement by others."""

    value: float
    meaning: str
    source: str


_DYNAMODB_GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide"
_LAMBDA_GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg"
_DEBRIE = "https://www.alexdebrie.com/posts/dynamodb-transactions-performance/"

# --- times, in milliseconds ------------------------------------------------------------------------------------------

ONE_ITEM_MS = Published(7.6, "median of a PutItem from a Lambda function in Python", _DEBRIE)
TRANSACTION_MS = Published(
    25, "median of a TransactWriteItems of five items in the same test; transactions here have two or three", _DEBRIE
)

# --- Lambda's rules ---------------------------------------------------------------------------------------------------

VCPU_MB = Published(
    1769,
    "memory at which a function has one vCPU; less memory has a proportional share",
    f"{_LAMBDA_GUIDE}/configuration-memory.html",
)
COLD_SHARE = Published(
    0.01,
    "of invocations are cold starts; INIT is billed since August 2025",
    "https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/",
)
TRACED_SHARE = Published(0.05, "of requests are traced, and one more per second", f"{_LAMBDA_GUIDE}/services-xray.html")

# --- initial quotas of an account in us-east-1 -----------------------------------------------------------------------

PARTITION_WRITES = Published(1000, "WRU per second of one partition", f"{_DYNAMODB_GUIDE}/bp-partition-key-design.html")
PARTITION_READS = Published(3000, "RRU per second of one partition", f"{_DYNAMODB_GUIDE}/bp-partition-key-design.html")
TABLE_WRITES = Published(40_000, "WRU per second of an on-demand table", f"{_DYNAMODB_GUIDE}/ServiceQuotas.html")
TABLE_READS = Published(40_000, "RRU per second of an on-demand table", f"{_DYNAMODB_GUIDE}/ServiceQuotas.html")
NEW_TABLE_WRITES = Published(
    4000, "initial WRU per second of a new on-demand table", f"{_DYNAMODB_GUIDE}/on-demand-capacity-mode.html"
)
CONCURRENCY = Published(1000, "concurrent invocations of all functions", f"{_LAMBDA_GUIDE}/gettingstarted-limits.html")
# AWS publishes that the quota of a new account is lower, and raised by its use. Users report 10, and 50 in some accounts
# (awslabs/fhir-works-on-aws-deployment#691, DataDog/datadog-serverless-functions#621).
NEW_CONCURRENCY = Published(
    10, "concurrent invocations of all functions in a new account", f"{_LAMBDA_GUIDE}/gettingstarted-limits.html"
)
SCALING = Published(
    100,
    "additional execution environments of a function per second: 1,000 every 10 s",
    f"{_LAMBDA_GUIDE}/scaling-behavior.html",
)
RATE_OF_ONE = Published(
    10, "requests per second for each concurrent invocation of the quota", f"{_LAMBDA_GUIDE}/lambda-concurrency.html"
)
API_REQUESTS = Published(
    10_000,
    "requests per second to all APIs; 2,500 in newer regions",
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html",
)
PUT_EVENTS = Published(
    10_000,
    "PutEvents requests per second; 400 to 2,400 in smaller regions",
    "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html",
)
EVENT_DELIVERIES = Published(
    18_750,
    "invocations of targets per second; 750 to 4,500 in smaller regions",
    "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html",
)
LOG_REQUESTS = Published(
    5000,
    "PutLogEvents requests per second",
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html",
)
SECRET_READS = Published(
    10_000,
    "GetSecretValue requests per second",
    "https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html",
)
DEFAULT_EMAILS = Published(
    50,
    "emails a day of Cognito's default sender, for all user pools of the account; not adjustable",
    "https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html",
)
SANDBOX_EMAILS = Published(
    200,
    "emails a day in the sandbox of SES, to verified addresses only",
    "https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html",
)
SIGN_INS = Published(
    120,
    "UserAuthentication requests per second to all user pools",
    "https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html",
)
