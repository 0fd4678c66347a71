# What auto-scaling groups start hosts with: a role of Auto Scaling for this installation, and the key of its images. Both are there before the
# first image, and outlive the root module. The role that all groups of an account share may use no key of ours, and cannot be
# given one; without a role of their own, groups would fail at each start ("Client.InternalError: Client error on launch").
# Source: Amazon EC2 Auto Scaling User Guide, "Required AWS KMS key policy for use with encrypted volumes".
data "aws_partition" "this" {}

resource "aws_iam_service_linked_role" "autoscaling" {
  aws_service_name = "autoscaling.amazonaws.com"
  custom_suffix    = var.name
  description      = "Auto-scaling groups of ${var.name}, which start hosts with its keys"
}

data "aws_iam_policy_document" "images" {
  #checkov:skip=CKV_AWS_109:a key's policy: `*` is this key, and the account's IAM decides
  #checkov:skip=CKV_AWS_111:a key's policy: `*` is this key, and the account's IAM decides
  #checkov:skip=CKV_AWS_356:a key's policy: `*` is this key, and the account's IAM decides
  statement {
    sid       = "IamOfThisAccountDecides"
    actions   = ["kms:*"]
    resources = ["*"] # in a key's policy: this key

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:root"]
    }
  }

  statement {
    sid       = "GroupsReadImages"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"] # in a key's policy: this key

    principals {
      type        = "AWS"
      identifiers = [aws_iam_service_linked_role.autoscaling.arn]
    }
  }

  # EC2 goes on using the key for the volume, for as long as it is attached.
  statement {
    sid       = "GroupsLendItToVolumes"
    actions   = ["kms:CreateGrant"]
    resources = ["*"] # in a key's policy: this key

    principals {
      type        = "AWS"
      identifiers = [aws_iam_service_linked_role.autoscaling.arn]
    }
    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }

  # Their administrators then lend it to their own groups' role (README.md): a grant, which AWS does not count as its own.
  dynamic "statement" {
    for_each = length(var.share_images_with) > 0 ? [1] : []

    content {
      sid       = "AccountsThatShareImages"
      actions   = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
      resources = ["*"] # in a key's policy: this key

      principals {
        type        = "AWS"
        identifiers = [for one in sort(var.share_images_with) : "arn:${data.aws_partition.this.partition}:iam::${one}:root"]
      }
    }
  }
}

resource "aws_kms_key" "images" {
  description             = "Images of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.images.json

  lifecycle {
    prevent_destroy = true # no host starts from an image that cannot be read
  }
}

resource "aws_kms_alias" "images" {
  name          = "alias/${var.name}-images"
  target_key_id = aws_kms_key.images.key_id
}
