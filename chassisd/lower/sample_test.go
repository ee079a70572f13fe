package lower

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// printedSampleField prints a sample with its observation point in a field,
// which package ofp does not know. It lets a push print the field.
func printedSampleField(a string) (text string, ok bool) {
	if len(a) != 40 || a[8:10] != "\x00\x33" {
		return "", false
	}
	u32 := func(at int) uint32 { return binary.BigEndian.Uint32([]byte(a[at:])) }
	bits := binary.BigEndian.Uint16([]byte(a[28:]))
	push := []byte("\xff\xff\x00\x18\x00\x00\x23\x20\x00\x1b")
	push = binary.BigEndian.AppendUint16(push, bits>>6)
	push = append(push, a[24:28]...)
	push = append(binary.BigEndian.AppendUint16(push, bits&63+1), 0, 0, 0, 0, 0, 0)
	field := strings.TrimPrefix(ofp.Actions(push).String(), "push:")
	return fmt.Sprintf("sample(probability=%d,collector_set_id=%d,obs_domain_id=%d,obs_point_id=%s)",
		binary.BigEndian.Uint16([]byte(a[10:])), u32(12), u32(20), field), true
}

// TestSampleScope: a sample names the datapath, so it cannot be shared.
func TestSampleScope(t *testing.T) {
	env := vectorEnv()
	env.Scope = Scope{Value: 1 << 30, Mask: 1 << 30}
	f := Logical{Pipeline: lflow.Ingress, Match: "1", Actions: "sample(probability=10,obs_point=1);"}
	if flows, err := New().Flow(nil, &f, 1, env); err == nil {
		t.Errorf("flows %v for a group of datapaths", flows)
	}
}
