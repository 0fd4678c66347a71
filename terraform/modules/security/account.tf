# Guards of the whole account and region, by option: another team may own them.
resource "aws_ebs_encryption_by_default" "this" {
  count   = var.account_guards ? 1 : 0
  enabled = true
}

resource "aws_s3_account_public_access_block" "this" {
  count                   = var.account_guards ? 1 : 0
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_ec2_instance_metadata_defaults" "this" {
  count                       = var.account_guards ? 1 : 0
  http_tokens                 = "required"
  http_put_response_hop_limit = 1
}

resource "aws_budgets_budget" "month" {
  count        = var.budget_usd == null ? 0 : 1
  name         = var.name
  budget_type  = "COST"
  limit_amount = tostring(var.budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  dynamic "notification" {
    for_each = toset([80, 100])

    content {
      comparison_operator        = "GREATER_THAN"
      notification_type          = "ACTUAL"
      threshold                  = notification.value
      threshold_type             = "PERCENTAGE"
      subscriber_email_addresses = var.alarm_emails
    }
  }
}
