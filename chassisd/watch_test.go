package chassisd

import (
	"testing"
	"time"

	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/tunnel"
	"github.com/weft-sdn/weft/chassisd/vswitch"
)

// TestWatch: what BFD says of a tunnel is believed, but for the time that two switches
// take to agree about one that worked without.
func TestWatch(t *testing.T) {
	now := time.Unix(1000, 0)
	ofport := 7
	row := func(enable, forwarding string) *vswitch.Interface {
		i := &vswitch.Interface{UUID: "i", Name: "ovn-hv2-0", Type: "geneve", Ofport: &ofport}
		if enable != "" {
			i.BFD = map[string]string{"enable": enable}
		}
		if forwarding != "" {
			i.BFDStatus = map[string]string{"forwarding": forwarding}
		}
		return i
	}
	for _, c := range []struct {
		what  string
		rows  []*vswitch.Interface // one after the other
		later time.Duration
		want  string
	}{
		{"without BFD", []*vswitch.Interface{row("", "")}, 0, "none"},
		{"with BFD off", []*vswitch.Interface{row("false", "false")}, 0, "none"},
		{"the agent starts, it is up", []*vswitch.Interface{row("true", "true")}, 0, "up"},
		{"the agent starts, it is down", []*vswitch.Interface{row("true", "false")}, 0, "down"},
		{"made with BFD", []*vswitch.Interface{row("true", "")}, 0, "down"},
		{"made with BFD, up", []*vswitch.Interface{row("true", ""), row("true", "false"), row("true", "true")}, 0, "up"},
		{"BFD is switched on", []*vswitch.Interface{row("", ""), row("true", "")}, 0, "new"},
		{"and down at first", []*vswitch.Interface{row("", ""), row("true", ""), row("true", "false")}, bfdGrace - 1, "new"},
		{"and for too long", []*vswitch.Interface{row("", ""), row("true", ""), row("true", "false")}, bfdGrace, "down"},
		{"and up", []*vswitch.Interface{row("", ""), row("true", "false"), row("true", "true")}, 0, "up"},
		{"and down again", []*vswitch.Interface{row("", ""), row("true", "true"), row("true", "false")}, 0, "down"},
		{"switched off", []*vswitch.Interface{row("", ""), row("true", "false"), row("", "")}, 2 * bfdGrace, "none"},
		{"gone", []*vswitch.Interface{row("", ""), row("true", "false"), nil}, 2 * bfdGrace, "none"},
	} {
		start := now
		loc, inputs := newLocal(func() time.Time { return now }), tables.New()
		loc.name = "br-int"
		loc.apply(vswitch.Changes{
			Bridges: map[string]*vswitch.Bridge{"b": {UUID: "b", Name: "br-int", Ports: []string{"p"}}},
			Ports:   map[string]*vswitch.Port{"p": {UUID: "p", Name: "ovn-hv2-0", Interfaces: []string{"i"}, ExternalIDs: map[string]string{tunnel.Mark: "hv2@10.0.0.2"}}},
		})
		for _, r := range c.rows {
			for _, i := range loc.apply(vswitch.Changes{Interfaces: map[string]*vswitch.Interface{"i": r}}) {
				loc.feed(inputs, i)
			}
		}
		now = start.Add(c.later)
		for _, i := range loc.endGrace() {
			loc.feed(inputs, i)
		}
		got := "none"
		if w, ok := inputs.Watches.Get("i"); ok {
			got = [...]string{tables.WatchDown: "down", tables.WatchNew: "new", tables.WatchUp: "up"}[w]
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
		if len(loc.endGrace()) > 0 {
			t.Errorf("%s: the same grace ends twice", c.what)
		}
	}
}
