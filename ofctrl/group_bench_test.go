package ofctrl

import (
	"fmt"
	"testing"

	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// BenchmarkGroupChange is the time in which one bucket of a group is replaced,
// by a modification of the whole group and by bucket commands. The switch
// copies all buckets for either; the commands save a quarter with 10 buckets and
// a third with 1,000.
func BenchmarkGroupChange(b *testing.B) {
	for _, n := range []int{10, 1000} {
		spec := func(last uint32) *ofp.GroupSpec {
			g := &ofp.GroupSpec{Type: ofp.GroupSelect, Select: "dp_hash"}
			for i := range n {
				g.Bucket = append(g.Bucket, ofp.Bucket{ID: uint32(i), Weight: 100, Actions: out(1)})
			}
			g.Bucket[n-1] = ofp.Bucket{ID: last, Weight: 100, Actions: out(2)}
			return g
		}
		run := func(name string, put func(s *session, xid, old, is uint32)) {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				s := plainSession(b, ovstest.StartBridge(b, "p1", "p2"))
				first, _ := spec(1 << 16).Body()
				request := func(put func(xid uint32)) {
					if err := s.request(nil, put); err != nil {
						b.Fatal(err)
					}
				}
				request(func(x uint32) { s.buf = ofp.AppendGroupMod(s.buf, x, ofp.GroupCmdAdd, 1, first) })
				b.ResetTimer()
				for i := range b.N {
					request(func(x uint32) { put(s, x, 1<<16+uint32(i), 1<<16+uint32(i)+1) })
				}
			})
		}
		run("whole", func(s *session, x, _, is uint32) {
			body, _ := spec(is).Body()
			s.buf = ofp.AppendGroupMod(s.buf, x, ofp.GroupCmdModify, 1, body)
		})
		run("buckets", func(s *session, x, old, is uint32) {
			s.buf = ofp.AppendRemoveBucket(s.buf, x, 1, ofp.GroupSelect, old)
			come, _ := (&ofp.GroupSpec{Type: ofp.GroupSelect, Bucket: spec(is).Bucket[n-1:]}).Body()
			s.buf = ofp.AppendInsertBuckets(s.buf, x, 1, come)
		})
	}
}
