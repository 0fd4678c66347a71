# Through this bucket Ansible's files go to the hosts (amazon.aws.aws_ssm): Session Manager carries commands alone. The controller signs an
# address for each file, the host asks for it by curl, and the controller deletes the file. So hosts' roles have no right to it; whoever
# plays playbooks needs s3:GetObject, PutObject, DeleteObject and ListBucket here, and kms:GenerateDataKey and Decrypt of the key: an
# address carries the rights of its signer, who is of this account, or the endpoint refuses it.
data "aws_partition" "this" {}

locals {
  transfer_bucket     = "${var.name}-transfer-${data.aws_caller_identity.this.account_id}"
  transfer_bucket_arn = "arn:${data.aws_partition.this.partition}:s3:::${local.transfer_bucket}"
}

resource "aws_s3_bucket" "transfer" {
  #checkov:skip=CKV_AWS_21:a module comes with its arguments, secrets among them; a version would keep what was deleted
  bucket        = local.transfer_bucket
  force_destroy = true # nothing in it is to stay

  tags = { Name = local.transfer_bucket }
}

resource "aws_s3_bucket_public_access_block" "transfer" {
  bucket                  = aws_s3_bucket.transfer.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "transfer" {
  bucket = aws_s3_bucket.transfer.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "transfer" {
  bucket = aws_s3_bucket.transfer.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_logging" "transfer" {
  bucket        = aws_s3_bucket.transfer.id
  target_bucket = var.log_bucket.name
  target_prefix = "s3/transfer/"
}

# What a play leaves that was broken off.
resource "aws_s3_bucket_lifecycle_configuration" "transfer" {
  bucket = aws_s3_bucket.transfer.id

  rule {
    id     = "left-behind"
    status = "Enabled"
    filter {}

    expiration {
      days = 1
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

data "aws_iam_policy_document" "transfer" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.transfer_bucket_arn, "${local.transfer_bucket_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "transfer" {
  bucket     = aws_s3_bucket.transfer.id
  policy     = data.aws_iam_policy_document.transfer.json
  depends_on = [aws_s3_bucket_public_access_block.transfer]
}
