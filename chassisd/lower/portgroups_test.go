package lower

import (
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
)

// bitEnv is groupEnv with port groups: @web has bit 3, @db bit 17, @few none.
func bitEnv() *Env {
	env, bits := groupEnv(), map[string]uint8{"web": 3, "db": 17}
	env.PortGroup = func(name string, _ bool) ([]string, bool) {
		p, ok := map[string][]string{"web": {"a1", "b1"}, "db": {"a2"}, "few": {"a1"}}[name]
		return p, ok
	}
	env.PortGroupBit = func(name string) (uint8, bool) { b, ok := bits[name]; return b, ok }
	return env
}

// TestPortGroupBits: where a packet tells by a bit that its port is in a group,
// one flow matches that on all datapaths of the scope.
func TestPortGroupBits(t *testing.T) {
	const group, five, six = "metadata=0x100000000/0x100000000", "metadata=0x5/0xffffff", "metadata=0x6/0xffffff"
	const web, db = "reg11=0x80000/0x80000,", "reg12=0x20000/0x20000,"
	for _, c := range []struct {
		pipeline lflow.Pipeline
		match    string
		want     []string
	}{
		{lflow.Ingress, "inport == @web", []string{web + group}},
		{lflow.Egress, "outport == @web", []string{web + group}},
		{lflow.Ingress, "inport == @db", []string{db + group}},
		{lflow.Ingress, "!(!(inport == @db))", []string{db + group}},
		{lflow.Ingress, "inport == @few", []string{"reg14=0x1," + five}},
		{lflow.Ingress, "outport == @web", []string{"reg15=0x1," + five, "reg15=0x1," + six}},
		{lflow.Egress, "inport == @web", []string{"reg14=0x1," + five, "reg14=0x1," + six}},
		{lflow.Ingress, "inport == @web && inport == @db", []string{web + db + group}},
		{lflow.Ingress, "inport == {@web, @db}", []string{web + group, db + group}},
		{lflow.Ingress, `inport == {@db, "a1"}`, []string{db + group, "reg14=0x1," + five}},
		{lflow.Ingress, `inport == @web && outport == "a2"`, []string{web + "reg15=0x2," + five}},
	} {
		got, err := lowerText(New(), bitEnv(), c.pipeline, 2, c.match, "drop;")
		if err != nil {
			t.Errorf("%s: %v", c.match, err)
		}
		var want []string
		for _, w := range c.want {
			table := "table=10"
			if c.pipeline == lflow.Egress {
				table = "table=64"
			}
			want = append(want, table+" priority=50,"+w+" actions=drop")
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", c.match, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestPortGroupBitsAreNotWritten: what the language refuses it refuses with
// bits too, and the registers have no name in it.
func TestPortGroupBitsAreNotWritten(t *testing.T) {
	for _, match := range []string{
		"inport != @web", "!(inport == @web)", "inport > @web", "ip.proto == @web", "inport == @nobody",
		"reg11 == 1", "reg12[16] == 1", "reg11[19]",
	} {
		without := bitEnv()
		without.PortGroupBit = nil
		_, want := lowerText(New(), without, lflow.Ingress, 2, match, "drop;")
		if _, err := lowerText(New(), bitEnv(), lflow.Ingress, 2, match, "drop;"); err == nil || want == nil || err.Error() != want.Error() {
			t.Errorf("%s: %v, without bits %v", match, err, want)
		}
	}
	if _, err := lowerText(New(), bitEnv(), lflow.Ingress, 2, "1", "reg11[19] = 1; next;"); err == nil {
		t.Error("a flow can set a bit")
	}
}
