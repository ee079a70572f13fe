package lower

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// groupSpec is a group in the making.
type groupSpec struct {
	ofp.GroupSpec
	kind string // see Env.Group
}

// selectGroup returns a select group without buckets. Without fields to hash
// the switch goes by its own hash of the datapath, which costs least.
func selectGroup(hashFields string) *groupSpec {
	g := &groupSpec{GroupSpec: ofp.GroupSpec{Type: ofp.GroupSelect, Select: "dp_hash"}}
	if hashFields != "" {
		g.Select = "hash"
		for name := range strings.SplitSeq(hashFields, ",") {
			for _, f := range hashed(name) {
				if !slices.Contains(g.Fields, f) {
					g.Fields = append(g.Fields, f)
				}
			}
		}
	}
	return g
}

func (g *groupSpec) bucket(weight uint16, as ofp.Actions) *ofp.Bucket {
	g.Bucket = append(g.Bucket, ofp.Bucket{Weight: weight, Actions: as})
	return &g.Bucket[len(g.Bucket)-1]
}

// number gives each bucket a number that follows from its actions, so that it
// keeps it when others come and go: where the switch hashes, only packets of
// buckets that go are moved, and to those that come. Of buckets that hash to one
// number the later by actions has the next that is free, whatever their order.
func (g *groupSpec) number() {
	for i := range g.Bucket {
		h := fnv.New32a()
		_, _ = h.Write([]byte(g.Bucket[i].Actions))
		g.Bucket[i].ID = h.Sum32() % ofp.MaxBucketID
	}
	distinct(g.Bucket)
}

// even gives buckets of one weight shares that are alike. A switch that goes by its own
// hash (dp_hash) deals out 16 places, or as many as its lightest bucket makes necessary,
// 256 at most: of ten buckets in 16 places six have twice the share of the others. Where
// some would have a fifth less than their share, or a quarter more, one bucket is there
// twice, once with little of its weight: that makes 8 places or more for each, or as many
// as there are.
func (g *groupSpec) even() {
	n := len(g.Bucket)
	if g.Select != "dp_hash" || n == 0 || n > maxPlaces {
		return
	}
	all := max(16, powerOfTwo(n))
	if fewest, most := all/n, (all+n-1)/n; 5*fewest*n >= 4*all && 4*most*n <= 5*all {
		return
	}
	light := uint16(12)
	for powerOfTwo((100*n+int(light)-1)/int(light)) > maxPlaces {
		light *= 2
	}
	if light >= lbWeight/2 {
		return // by then all have about as many places
	}
	first := slices.MinFunc(g.Bucket, func(a, b ofp.Bucket) int { return cmp.Compare(a.Actions, b.Actions) })
	i := slices.IndexFunc(g.Bucket, func(b ofp.Bucket) bool { return b.Actions == first.Actions })
	g.Bucket[i].Weight = lbWeight - light
	g.bucket(light, first.Actions)
}

// maxPlaces is the most places that a switch deals out.
const maxPlaces = 256

// powerOfTwo is the first one that is not less than n.
func powerOfTwo(n int) int {
	p := 1
	for p < n {
		p *= 2
	}
	return p
}

// distinct makes the numbers of buckets differ.
func distinct(buckets []ofp.Bucket) {
	slices.SortStableFunc(buckets, func(a, b ofp.Bucket) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Actions, b.Actions))
	})
	taken := make(map[uint32]bool, len(buckets))
	for i := range buckets {
		id := &buckets[i].ID
		for taken[*id] {
			*id = (*id + 1) % ofp.MaxBucketID
		}
		taken[*id] = true
	}
}

// group sends the packet to a group. One without buckets drops it and needs
// no group at all.
func (e *encoder) group(g *groupSpec) error {
	e.asked = true
	if len(g.Bucket) == 0 {
		return nil
	}
	g.number()
	body, err := g.Body()
	if err != nil {
		return err
	}
	if e.env.Group == nil {
		return fmt.Errorf("lower: needs a group, but there are no groups")
	}
	e.b.Group(e.env.Group(g.kind, body))
	return nil
}

// hashed returns the fields that a name of lflow.HashFields stands for. A switch
// leaves out those that a packet does not have.
func hashed(name string) []ofp.Field {
	switch name {
	case "tp_src":
		return []ofp.Field{ofp.TCPSrc, ofp.UDPSrc, ofp.SCTPSrc}
	case "tp_dst":
		return []ofp.Field{ofp.TCPDst, ofp.UDPDst, ofp.SCTPDst}
	}
	return []ofp.Field{hashField(name)}
}

// hashField returns the field that a name stands for alone.
func hashField(name string) ofp.Field {
	switch name {
	case "eth_src":
		return ofp.EthSrc
	case "eth_dst":
		return ofp.EthDst
	case "ip_src":
		return ofp.IPv4Src
	case "ip_dst":
		return ofp.IPv4Dst
	case "ipv6_src":
		return ofp.IPv6Src
	case "ipv6_dst":
		return ofp.IPv6Dst
	case "ip_proto":
		return ofp.IPProto
	case "tcp_src":
		return ofp.TCPSrc
	case "tcp_dst":
		return ofp.TCPDst
	case "udp_src":
		return ofp.UDPSrc
	case "udp_dst":
		return ofp.UDPDst
	case "sctp_src":
		return ofp.SCTPSrc
	case "sctp_dst":
		return ofp.SCTPDst
	}
	return noField
}
