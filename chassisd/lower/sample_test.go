package lower

import (
	"encoding/binary"
	"errors"
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

// TestSampleScope: a sample names the datapath, so it cannot be shared. Who has
// no collectors shares the flow without it.
func TestSampleScope(t *testing.T) {
	env, l := vectorEnv(), New()
	const text = "sample(probability=10,collector_set=%d,obs_domain=42,obs_point=1); next;"
	for _, c := range []struct {
		scope Scope
		set   int
		want  string // actions
		err   error
	}{
		{Datapath(0x50006), 7, "sample(probability=10,collector_set_id=7,obs_domain_id=704970758,obs_point_id=1),resubmit(,11)", nil},
		{Scope{1 << 30, 1 << 30}, 7, "", ErrVaries},
		{Datapath(0x50006), 999, "resubmit(,11)", nil},
		{Scope{1 << 30, 1 << 30}, 999, "resubmit(,11)", nil},
	} {
		env.Scope = c.scope
		got, err := lowerText(l, env, lflow.Ingress, 2, "1", fmt.Sprintf(text, c.set))
		if !errors.Is(err, c.err) || c.err == nil && (len(got) != 1 || !strings.HasSuffix(got[0], " actions="+c.want)) {
			t.Errorf("set %d in scope %x: %q, %v", c.set, c.scope, got, err)
		}
	}
}
