resource "aws_network_interface_attachment" "rehearsal" {
  for_each             = local.hosts
  instance_id          = aws_instance.host[each.key].id
  network_interface_id = aws_network_interface.host[each.key].id
  device_index         = 1
}
