package nb

import (
	"slices"
	"strings"
)

// Options are the keys of one column that OVN's manual, ovn-nb(5), describes.
type Options struct {
	Table, Column string
	Keys          []string // sorted; "x_*" is all that begin with x_
}

// AllOptions returns the keys of all columns that hold options, by table and
// column. Keys of external_ids are not among them: these are the clients' own.
func AllOptions() []Options { return slices.Clone(documented[:]) }

// IsOptions tells whether a column holds options.
func IsOptions(table, column string) bool { return find(table, column) != nil }

// IsOption tells whether the manual describes a key.
func IsOption(table, column, key string) bool {
	o := find(table, column)
	return o != nil && slices.ContainsFunc(o.Keys, func(k string) bool {
		prefix, all := strings.CutSuffix(k, "*")
		return k == key || all && strings.HasPrefix(key, prefix)
	})
}

func find(table, column string) *Options {
	for i := range documented {
		if o := &documented[i]; o.Table == table && o.Column == column {
			return o
		}
	}
	return nil
}

var documented = [...]Options{
	{"ACL", "options", []string{
		"apply-after-lb", "log-related", "persist-established",
	}},
	{"Address_Set", "options", []string{
		"ic-adv",
	}},
	{"Connection", "status", []string{
		"bound_port", "last_error", "locks_held", "locks_lost", "locks_waiting", "n_connections", "sec_since_connect",
		"sec_since_disconnect", "state",
	}},
	{"Copp", "meters", []string{
		"arp", "arp-resolve", "bfd", "dhcpv4-opts", "dhcpv4-relay", "dhcpv6-opts", "dns", "event-elb", "icmp4-error",
		"icmp6-error", "igmp", "nd-na", "nd-ns", "nd-ns-resolve", "nd-ra-opts", "reject", "svc-monitor", "tcp-reset",
	}},
	{"DHCP_Options", "options", []string{
		"T1", "T2", "arp_cache_timeout", "bootfile_name", "bootfile_name_alt", "broadcast_address",
		"classless_static_route", "default_ttl", "dhcpv6_stateless", "dns_server", "domain_name", "domain_search",
		"domain_search_list", "ethernet_encap", "fqdn", "hostname", "ip_forward_enable", "lease_time", "log_server",
		"lpr_server", "ms_classless_static_route", "mtu", "netbios_name_server", "netbios_node_type", "netmask",
		"next_server", "nis_server", "ntp_server", "path_prefix", "policy_filter", "router", "router_discovery",
		"router_solicitation", "server_id", "server_mac", "swap_server", "tcp_keepalive_interval", "tcp_ttl", "tftp_server",
		"tftp_server_address", "wpad",
	}},
	{"DNS", "options", []string{
		"ovn-owned",
	}},
	{"Load_Balancer", "options", []string{
		"add_route", "address-family", "affinity_timeout", "ct_flush", "distributed", "dynamic-routing-advertise", "event",
		"hairpin_snat_ip", "neighbor_responder", "reject", "skip_snat", "template", "use_stateless_nat",
	}},
	{"Load_Balancer_Health_Check", "options", []string{
		"failure_count", "interval", "success_count", "timeout",
	}},
	{"Logical_Router", "options", []string{
		"always_learn_from_arp_request", "chassis", "ct-commit-all", "ct-zone-limit", "disable_garp_rarp",
		"dnat_force_snat_ip", "dynamic-routing", "dynamic-routing-no-learning", "dynamic-routing-redistribute",
		"dynamic-routing-redistribute-local-only", "dynamic-routing-v4-prefix-nexthop", "dynamic-routing-v6-prefix-nexthop",
		"dynamic-routing-vrf-id", "dynamic-routing-vrf-name", "dynamic_neigh_routers", "ic-route-deny-adv",
		"ic-route-deny-learn", "ic-route-filter-adv", "ic-route-filter-learn", "ic-route-ipv4-next-hop-ipv6",
		"lb_force_snat_ip", "mac_binding_age_threshold", "mcast_relay", "requested-tnl-key", "snat-ct-zone",
	}},
	{"Logical_Router_Policy", "options", []string{
		"pkt_mark",
	}},
	{"Logical_Router_Port", "ipv6_ra_configs", []string{
		"address_mode", "dnssl", "max_interval", "min_interval", "mtu", "rdnss", "route_info", "router_preference",
		"send_periodic",
	}},
	{"Logical_Router_Port", "options", []string{
		"dhcpv4_primary_ip", "dynamic-routing-advertise", "dynamic-routing-maintain-vrf", "dynamic-routing-no-learning",
		"dynamic-routing-port-name", "dynamic-routing-redistribute", "dynamic-routing-redistribute-local-only",
		"gateway_mtu", "gateway_mtu_bypass", "ic-route-deny-adv", "ic-route-deny-learn", "ic-route-filter-adv",
		"ic-route-filter-learn", "ic-route-filter-tag", "ic-route-ipv4-next-hop-ipv6", "ic-route-tag", "mcast_flood",
		"prefix", "prefix_delegation", "redirect-type", "requested-chassis", "requested-encap-ip", "requested-tnl-key",
		"reside-on-redirect-chassis", "route_table", "routing-protocol-redirect", "routing-protocols",
	}},
	{"Logical_Router_Port", "status", []string{
		"hosting-chassis",
	}},
	{"Logical_Router_Static_Route", "options", []string{
		"dynamic-routing-advertise", "ecmp_symmetric_reply", "origin",
	}},
	{"Logical_Switch", "other_config", []string{
		"broadcast-arps-to-all-routers", "ct-zone-limit", "dhcp_relay_port", "dynamic-routing-advertise-ifname",
		"dynamic-routing-arp-prefer-local", "dynamic-routing-bridge-ifname", "dynamic-routing-fdb-prefer-local",
		"dynamic-routing-redistribute", "dynamic-routing-vni", "dynamic-routing-vxlan-ifname",
		"enable-stateless-acl-with-lb", "exclude_ips", "fdb_age_threshold", "ic-vxlan_mode", "interconn-ts", "ipv6_prefix",
		"mac_only", "mcast_eth_src", "mcast_flood_unregistered", "mcast_idle_timeout", "mcast_ip4_src", "mcast_ip6_src",
		"mcast_querier", "mcast_query_interval", "mcast_query_max_response", "mcast_snoop", "mcast_table_size",
		"requested-tnl-key", "subnet", "vlan-passthru",
	}},
	{"Logical_Switch_Port", "options", []string{
		"activation-strategy", "arp_proxy", "ct-zone-limit", "disable_arp_nd_rsp", "disable_garp_rarp",
		"dynamic-routing-advertise", "enable_router_port_acl", "ethtype", "exclude-lb-vips-from-garp",
		"exclude-router-ips-from-garp", "force_fdb_lookup", "hostname", "iface-id-ver", "is-nf", "l2gateway-chassis",
		"localnet_learn_fdb", "lsp_learn_fdb", "mcast_flood", "mcast_flood_reports", "nat-addresses", "network_name",
		"nf-linked-port", "pkt_clone_type", "qos_burst", "qos_max_rate", "qos_min_rate", "receive_multicast",
		"requested-chassis", "requested-encap-ip", "requested-tnl-key", "router-port", "vif-plug-mtu-request",
		"vif-plug-type", "virtual-ip", "virtual-parents", "vtep-logical-switch", "vtep-physical-switch",
	}},
	{"Logical_Switch_Port_Health_Check", "options", []string{
		"failure_count", "interval", "success_count", "timeout",
	}},
	{"NAT", "options", []string{
		"add_route", "dynamic-routing-advertise", "stateless", "stateless_icmp_helper",
	}},
	{"NB_Global", "options", []string{
		"acl_ct_translation", "always_tunnel", "bfd-decay-min-rx", "bfd-min-rx", "bfd-min-tx", "bfd-mult",
		"controller_event", "debug_drop_collector_set", "debug_drop_domain_id", "default_acl_drop",
		"ecmp_nexthop_monitor_enable", "enable_chassis_nb_cfg_update", "fdb_removal_limit", "ic-as-adv", "ic-as-learn",
		"ic-route-adv", "ic-route-adv-default", "ic-route-adv-lb", "ic-route-denylist", "ic-route-learn",
		"ic-route-learn-default", "ic-route-learn-lb", "ic_probe_interval", "ignore_chassis_features", "ignore_lsp_down",
		"ipsec_*", "mac_binding_removal_limit", "mac_prefix", "max_tunid", "nbctl_probe_interval",
		"northd-backoff-interval-ms", "northd_probe_interval", "northd_trim_timeout", "svc_monitor_ip",
		"svc_monitor_ip_dst", "svc_monitor_mac", "svc_monitor_mac_dst", "use_common_zone", "use_ct_inv_match",
		"use_logical_dp_groups", "use_parallel_build", "vxlan_mode",
	}},
	{"Network_Function_Health_Check", "options", []string{
		"failure_count", "interval", "success_count", "timeout",
	}},
}
