package nb

import "github.com/weft-sdn/weft/schema"

// DNS holds names that switches answer for: name to addresses, space
// separated. The records are stored in buckets.
type DNS struct {
	schema.Header `ovs:"DNS,root"`

	Records     map[string]string `ovs:"records,members"`
	Options     map[string]string `ovs:"options"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}
