package nb

import "github.com/weft-sdn/weft/schema"

// ACL is an access rule of a switch or port group. Within a tier the highest
// priority that matches decides.
type ACL struct {
	schema.Header `ovs:"ACL"`

	Name                 *string           `ovs:"name,maxlen=63"`
	Priority             int64             `ovs:"priority,range=0:32767"`
	Direction            string            `ovs:"direction,enum=from-lport|to-lport"`
	Match                string            `ovs:"match"`
	Action               string            `ovs:"action,enum=allow|allow-related|allow-stateless|drop|reject|pass"`
	NetworkFunctionGroup *schema.UUID      `ovs:"network_function_group,strong=Network_Function_Group"`
	Log                  bool              `ovs:"log"`
	Severity             *string           `ovs:"severity,enum=alert|warning|notice|info|debug"`
	Meter                *string           `ovs:"meter"`
	Label                int64             `ovs:"label,range=0:4294967295"`
	Tier                 int64             `ovs:"tier,range=0:3"`
	SampleNew            *schema.UUID      `ovs:"sample_new,strong=Sample"`
	SampleEst            *schema.UUID      `ovs:"sample_est,strong=Sample"`
	Options              map[string]string `ovs:"options"`
	ExternalIDs          map[string]string `ovs:"external_ids"`
}

// PortGroup names a set of switch ports, for matches (@name) and to carry
// ACLs; it grows with the cloud and is stored in buckets.
type PortGroup struct {
	schema.Header `ovs:"Port_Group,root,index=name"`

	Name        string            `ovs:"name"`
	Ports       []schema.UUID     `ovs:"ports,weak=Logical_Switch_Port,members"`
	ACLs        []schema.UUID     `ovs:"acls,strong=ACL,members"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// AddressSet names a set of addresses, for matches ($name), stored in buckets.
type AddressSet struct {
	schema.Header `ovs:"Address_Set,root,index=name"`

	Name        string            `ovs:"name"`
	Addresses   []string          `ovs:"addresses,members"`
	Options     map[string]string `ovs:"options"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// QoS marks (DSCP, packet mark) or limits (rate in kbps, burst in kbit) the
// traffic that a match selects.
type QoS struct {
	schema.Header `ovs:"QoS"`

	Priority    int64             `ovs:"priority,range=0:32767"`
	Direction   string            `ovs:"direction,enum=from-lport|to-lport"`
	Match       string            `ovs:"match"`
	Action      map[string]int64  `ovs:"action,enum=dscp|mark,rangeV=0:4294967295"`
	Bandwidth   map[string]int64  `ovs:"bandwidth,enum=rate|burst,rangeV=1:4294967295"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// Meter is a rate limit with a name, for ACL logging and control-plane
// protection; fair gives each user its own.
type Meter struct {
	schema.Header `ovs:"Meter,root,index=name"`

	Name        string            `ovs:"name"`
	Unit        string            `ovs:"unit,enum=kbps|pktps"`
	Bands       []schema.UUID     `ovs:"bands,strong=Meter_Band,min=1"`
	Fair        *bool             `ovs:"fair"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// MeterBand is one limit of a meter: beyond rate (kbps or packets per second)
// packets are dropped.
type MeterBand struct {
	schema.Header `ovs:"Meter_Band"`

	Action      string            `ovs:"action,enum=drop"`
	Rate        int64             `ovs:"rate,range=1:4294967295"`
	BurstSize   int64             `ovs:"burst_size,range=0:4294967295"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// Copp assigns meters to the protocols whose packets reach chassisd.
type Copp struct {
	schema.Header `ovs:"Copp,root,index=name"`

	Name        string            `ovs:"name"`
	Meters      map[string]string `ovs:"meters"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}
