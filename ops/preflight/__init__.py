"""Show what the quotas and settings of the account let a stack hold, and what to ask for. Read-only.

It reads the quotas of the account in this region, and the stack if it is deployed, and computes with the capacity model
(docs/reference/capacity.md) how many gifts per second the stack can hold, and which limit is reached first. For each limit
below the rate of --gifts it shows the command that asks for more. A quota that cannot be read is assumed to have its default; the
missing permission is named.

Permissions, all optional: lambda:GetAccountSettings, servicequotas:GetServiceQuota and GetAWSDefaultServiceQuota,
dynamodb:DescribeLimits and DescribeTable, ses:GetAccount, cloudformation:DescribeStacks, events:DescribeEventBus,
tag:GetResources and sts:GetCallerIdentity.

Exit status: 0 the stack can be deployed; 1 something prevents the deployment; 2 the command could not run.

Modules:

account  read the account and the stack
advice   compute what the stack holds, and what to ask for
"""
