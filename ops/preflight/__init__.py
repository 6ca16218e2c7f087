"""Show how many gifts per second a stack can handle with the quotas of the account, and which quotas to raise. Read-only.

The command reads the quotas of the account in this region, and the stack if it is deployed. With the capacity model
(docs/reference/capacity.md) it computes how many gifts per second the stack can handle, and which limit is reached first. For
each limit below the rate of --gifts it prints the command that requests more. If a quota cannot be read, its default is used,
and the missing permission is named.

Permissions, all optional: lambda:GetAccountSettings, servicequotas:GetServiceQuota and GetAWSDefaultServiceQuota,
dynamodb:DescribeLimits and DescribeTable, ses:GetAccount, cloudformation:DescribeStacks, events:DescribeEventBus,
tag:GetResources and sts:GetCallerIdentity.

Exit status: 0 nothing found prevents a deployment; 1 something prevents it; 2 the command could not run.

Modules:

account  read the account and the stack
advice   compute the capacity of the stack, and which quotas to raise
"""
