data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "here" {}

locals {
  account = data.aws_caller_identity.this.account_id
  root    = "arn:${data.aws_partition.this.partition}:iam::${local.account}:root"
  region  = data.aws_region.here.name

  trail_name = "${var.name}-trail"

  keys = {
    data      = "Database, disks, queues, secrets and topics of ${var.name}"
    documents = "Issued documents of ${var.name} and their register"
    logs      = "Logs of ${var.name}"
  }

  # AWS's own services that use a key for us, always for this account alone.
  services = {
    data      = ["cloudwatch.amazonaws.com", "events.amazonaws.com", "sns.amazonaws.com", "s3.amazonaws.com"]
    documents = ["s3.amazonaws.com"]
    logs      = ["logs.${local.region}.amazonaws.com", "cloudtrail.amazonaws.com", "delivery.logs.amazonaws.com"]
  }
}

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:a key's policy: `*` is this key, and the account's IAM decides
  #checkov:skip=CKV_AWS_111:a key's policy: `*` is this key, and the account's IAM decides
  #checkov:skip=CKV_AWS_356:a key's policy: `*` is this key, and the account's IAM decides
  for_each = local.keys

  statement {
    sid       = "IamOfThisAccountDecides"
    actions   = ["kms:*"]
    resources = ["*"] # in a key's policy: this key

    principals {
      type        = "AWS"
      identifiers = [local.root]
    }
  }

  statement {
    sid       = "ServicesForThisAccount"
    actions   = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
    resources = ["*"] # in a key's policy: this key

    principals {
      type        = "Service"
      identifiers = local.services[each.key]
    }
    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }

  # Volumes of hosts that groups start. Auto Scaling's roles can be given no policy: only the key's own lets them in.
  dynamic "statement" {
    for_each = each.key == "data" ? [1] : []

    content {
      sid       = "GroupsEncryptVolumes"
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
      resources = ["*"] # in a key's policy: this key

      principals {
        type        = "AWS"
        identifiers = [var.autoscaling_role_arn]
      }
    }
  }
  dynamic "statement" {
    for_each = each.key == "data" ? [1] : []

    content {
      sid       = "GroupsLendItToVolumes"
      actions   = ["kms:CreateGrant"]
      resources = ["*"] # in a key's policy: this key

      principals {
        type        = "AWS"
        identifiers = [var.autoscaling_role_arn]
      }
      condition {
        test     = "Bool"
        variable = "kms:GrantIsForAWSResource"
        values   = ["true"]
      }
    }
  }

  # AWS Backup reads a snapshot with it, in the account to which it copies.
  dynamic "statement" {
    for_each = each.key == "data" && var.backup_account != null ? {
      BackupAccountCopies       = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
      BackupAccountLendsItToAws = ["kms:CreateGrant"]
    } : {}

    content {
      sid       = statement.key
      actions   = statement.value
      resources = ["*"] # in a key's policy: this key

      principals {
        type        = "AWS"
        identifiers = ["arn:${data.aws_partition.this.partition}:iam::${var.backup_account}:root"]
      }
      dynamic "condition" {
        for_each = contains(statement.value, "kms:CreateGrant") ? [1] : []

        content {
          test     = "Bool"
          variable = "kms:GrantIsForAWSResource"
          values   = ["true"]
        }
      }
    }
  }
}

resource "aws_kms_key" "this" {
  for_each                = local.keys
  description             = each.value
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key[each.key].json

  lifecycle {
    prevent_destroy = true # what it has encrypted could never be read again
  }
}

resource "aws_kms_alias" "this" {
  for_each      = local.keys
  name          = "alias/${var.name}-${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = aws_kms_key.this["data"].arn
}

data "aws_iam_policy_document" "alarms" {
  statement {
    sid       = "AlarmsOfThisAccount"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms.json
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each  = toset(var.alarm_emails)
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}
