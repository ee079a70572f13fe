package nb

import "github.com/weft-sdn/weft/schema"

// LoadBalancer maps virtual addresses ("IP:port") to backends ("IP:port,…");
// vips is stored in buckets.
type LoadBalancer struct {
	schema.Header `ovs:"Load_Balancer,root"`

	Name            string            `ovs:"name"`
	VIPs            map[string]string `ovs:"vips,members"`
	Protocol        *string           `ovs:"protocol,enum=tcp|udp|sctp"`
	HealthCheck     []schema.UUID     `ovs:"health_check,strong=Load_Balancer_Health_Check"`
	IPPortMappings  map[string]string `ovs:"ip_port_mappings"`
	SelectionFields []string          `ovs:"selection_fields,enum=eth_src|eth_dst|ip_src|ip_dst|ipv6_src|ipv6_dst|tp_src|tp_dst"`
	Options         map[string]string `ovs:"options"`
	ExternalIDs     map[string]string `ovs:"external_ids"`
}

// LoadBalancerGroup is a set of load balancers that many switches and routers
// share, stored in buckets.
type LoadBalancerGroup struct {
	schema.Header `ovs:"Load_Balancer_Group,root,index=name"`

	Name         string        `ovs:"name"`
	LoadBalancer []schema.UUID `ovs:"load_balancer,weak=Load_Balancer,members"`
}

// LoadBalancerHealthCheck says how the backends of one virtual address are
// probed.
type LoadBalancerHealthCheck struct {
	schema.Header `ovs:"Load_Balancer_Health_Check"`

	VIP         string            `ovs:"vip"`
	Options     map[string]string `ovs:"options"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}
