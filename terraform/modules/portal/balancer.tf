# Inside the network alone: the only way to it is the VPN.

data "aws_subnet" "balancer" {
  count = local.balanced ? 1 : 0

  id = var.load_balancer.subnet_ids[0]
}

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_91:nginx on the hosts behind it logs every request
  #checkov:skip=CKV_AWS_150:holds nothing; made again by the next apply
  count = local.balanced ? 1 : 0

  name                       = "${var.name}-portal"
  internal                   = true
  load_balancer_type         = "application"
  subnets                    = var.load_balancer.subnet_ids
  security_groups            = [var.load_balancer.security_group_id]
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "strictest"
  enable_deletion_protection = false # holds nothing; made again by the next apply
}

resource "aws_lb_target_group" "this" {
  count = local.balanced ? 1 : 0

  name                 = "${var.name}-portal"
  port                 = 443
  protocol             = "HTTPS"
  vpc_id               = data.aws_subnet.balancer[0].vpc_id
  deregistration_delay = 30

  health_check {
    protocol            = "HTTPS"
    path                = "/health"
    matcher             = "200"
    interval            = 15
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "this" {
  count = local.balanced ? 1 : 0

  load_balancer_arn = aws_lb.this[0].arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.load_balancer.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[0].arn
  }
}
