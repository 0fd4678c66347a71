# moto does not know S3's account-wide public access block, nor defaults of instance metadata
resource "aws_s3_account_public_access_block" "this" {
  count = 0
}

resource "aws_ec2_instance_metadata_defaults" "this" {
  count = 0
}

# moto ignores the condition of a policy in S3: a refusal of what comes without TLS would refuse everything
data "aws_iam_policy_document" "logs" {
  override_policy_documents = [jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Action    = "s3:DeleteBucket"
      Principal = { AWS = "arn:aws:iam::123456789012:user/nobody" }
      Resource  = aws_s3_bucket.logs.arn
      }, {
      # moto looks for the whole bucket, or for each bucket's own folder
      Sid       = "WritesLoggingS3"
      Effect    = "Allow"
      Action    = "s3:PutObject"
      Principal = { Service = "logging.s3.amazonaws.com" }
      Resource  = "${aws_s3_bucket.logs.arn}/*"
    }]
  })]
}
