package nb

import "github.com/weft-sdn/weft/schema"

// SampleCollector is an IPFIX collector set; probability is that of a packet
// out of 65,535.
type SampleCollector struct {
	schema.Header `ovs:"Sample_Collector,root,index=id"`

	ID          int64             `ovs:"id,range=1:255"`
	Name        string            `ovs:"name"`
	Probability int64             `ovs:"probability,range=0:65535"`
	SetID       int64             `ovs:"set_id,range=1:4294967295"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// Sample asks that packets an ACL hits are sampled; metadata is the
// observation point.
type Sample struct {
	schema.Header `ovs:"Sample,index=metadata"`

	Collectors []schema.UUID `ovs:"collectors,strong=Sample_Collector"`
	Metadata   int64         `ovs:"metadata,range=1:4294967295"`
}

// SamplingApp gives an observation domain id to one of the sampling
// applications.
type SamplingApp struct {
	schema.Header `ovs:"Sampling_App,root,index=type"`

	Type        string            `ovs:"type,enum=drop|acl-new|acl-est"`
	ID          int64             `ovs:"id,range=1:255"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}
