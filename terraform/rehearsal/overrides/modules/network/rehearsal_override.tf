# moto takes a folder in a bucket's ARN for a part of the bucket's name
resource "aws_flow_log" "this" {
  log_destination = var.log_bucket.arn
}
