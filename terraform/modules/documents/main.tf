# Four buckets: issued documents and the register of their checksums (both locked), what customers sent, signed releases.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition

  buckets = {
    documents = { locked = true, key = var.kms_keys.documents }
    register  = { locked = true, key = var.kms_keys.documents }
    inbox     = { locked = false, key = var.kms_keys.data }
    artifacts = { locked = false, key = var.kms_keys.data }
  }
  # written out rather than taken from the resource: policies are known before the buckets are
  names = { for noun in keys(local.buckets) : noun => "${var.name}-${noun}-${local.account}" }
  arns  = { for noun, name in local.names : noun => "arn:${local.partition}:s3:::${name}" }
}

resource "aws_s3_bucket" "this" {
  for_each = local.buckets

  bucket              = local.names[each.key]
  object_lock_enabled = each.value.locked
  force_destroy       = !var.deletion_protection
  tags                = { Name = local.names[each.key] }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = local.buckets[each.key].key
    }
  }
}

resource "aws_s3_bucket_logging" "this" {
  for_each = aws_s3_bucket.this

  bucket        = each.value.id
  target_bucket = var.log_bucket.name
  target_prefix = "s3/${each.key}/"
}

# Governance, not compliance: the retention that the law asks for, and still a way out (a court, a mistake of ours)
# for a person with s3:BypassGovernanceRetention, which no role of this product has.
resource "aws_s3_bucket_object_lock_configuration" "this" {
  for_each = { for noun, bucket in aws_s3_bucket.this : noun => bucket if local.buckets[noun].locked }

  bucket = each.value.id

  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = var.retention_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 3
    }
  }

  dynamic "rule" {
    for_each = each.key == "inbox" ? [var.inbox_days] : []

    content {
      id     = "bodies-are-kept-for-a-while"
      status = "Enabled"
      filter {}

      expiration {
        days = rule.value
      }
    }
  }

  dynamic "rule" {
    for_each = local.buckets[each.key].locked ? [] : [30]

    content {
      id     = "replaced-versions"
      status = "Enabled"
      filter {}

      noncurrent_version_expiration {
        noncurrent_days = rule.value
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
