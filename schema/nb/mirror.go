package nb

import "github.com/weft-sdn/weft/schema"

// Mirror copies the traffic of the ports that name it to a tunnel, a local
// interface or a logical port (sink; index is the tunnel's key or ERSPAN
// index).
type Mirror struct {
	schema.Header `ovs:"Mirror,root,index=name"`

	Name        string            `ovs:"name"`
	Filter      string            `ovs:"filter,enum=from-lport|to-lport|both"`
	Sink        string            `ovs:"sink"`
	Type        string            `ovs:"type,enum=gre|erspan|local|lport"`
	Index       int64             `ovs:"index"`
	MirrorRules []schema.UUID     `ovs:"mirror_rules,strong=Mirror_Rule"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// MirrorRule selects what a mirror to a logical port copies.
type MirrorRule struct {
	schema.Header `ovs:"Mirror_Rule"`

	Match    string `ovs:"match"`
	Action   string `ovs:"action,enum=mirror|skip"`
	Priority int64  `ovs:"priority,range=0:32767"`
}
