package chassisd

import (
	"testing"
	"time"

	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/tunnel"
	"github.com/weft-sdn/weft/chassisd/vswitch"
)

// TestWatch: the states of a tunnel that BFD watches, by what the switch says one after
// the other, and time.
func TestWatch(t *testing.T) {
	now := time.Unix(1000, 0)
	ofport := 7
	const expired = "Control Detection Time Expired"
	row := func(enable, forwarding string, diagnostic ...string) *vswitch.Interface {
		i := &vswitch.Interface{UUID: "i", Name: "ovn-hv2-0", Type: "geneve", Ofport: &ofport}
		if enable != "" {
			i.BFD = map[string]string{"enable": enable}
		}
		if forwarding != "" {
			i.BFDStatus = map[string]string{"forwarding": forwarding, "state": "down", "diagnostic": "No Diagnostic"}
			for _, why := range diagnostic {
				i.BFDStatus["diagnostic"] = why
			}
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
		{"the agent starts, it is down", []*vswitch.Interface{row("true", "false", expired)}, 0, "down"},
		{"the agent starts, it has never been up", []*vswitch.Interface{row("true", "false")}, 0, "unsure"},
		{"and is not for long", []*vswitch.Interface{row("true", "false")}, bfdPatience, "down"},
		{"made with BFD", []*vswitch.Interface{row("true", "")}, 0, "unsure"},
		{"made with BFD, up", []*vswitch.Interface{row("true", ""), row("true", "false"), row("true", "true")}, bfdRest - 1, "back"},
		{"and for a while", []*vswitch.Interface{row("true", ""), row("true", "true")}, bfdRest, "up"},
		{"BFD is switched on", []*vswitch.Interface{row("", ""), row("true", "")}, 0, "new"},
		{"and down at first", []*vswitch.Interface{row("", ""), row("true", ""), row("true", "false")}, bfdPatience - 1, "new"},
		{"and for too long", []*vswitch.Interface{row("", ""), row("true", ""), row("true", "false")}, bfdPatience, "down"},
		{"and up", []*vswitch.Interface{row("", ""), row("true", "false"), row("true", "true")}, 0, "up"},
		{"and down again", []*vswitch.Interface{row("", ""), row("true", "true"), row("true", "false", expired)}, 0, "down"},
		{"and up again", []*vswitch.Interface{row("true", "true"), row("true", "false", expired), row("true", "true", expired)}, 0, "back"},
		{"and down before long", []*vswitch.Interface{row("true", "false", expired), row("true", "true", expired), row("true", "false", expired)}, 0, "down"},
		{"our switch starts again", []*vswitch.Interface{row("true", "true"), row("true", "false")}, 0, "unsure"},
		{"and it was down before", []*vswitch.Interface{row("true", "false", expired), row("true", "false")}, 0, "down"},
		{"switched off", []*vswitch.Interface{row("", ""), row("true", "false"), row("", "")}, 2 * bfdPatience, "none"},
		{"gone", []*vswitch.Interface{row("", ""), row("true", "false"), nil}, 2 * bfdPatience, "none"},
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
		for _, i := range loc.watchOn() {
			loc.feed(inputs, i)
		}
		got := "none"
		if w, ok := inputs.Watches.Get("i"); ok {
			got = [...]string{"unsure", "down", "back", "new", "up"}[w]
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
		if len(loc.watchOn()) > 0 {
			t.Errorf("%s: the same time ends twice", c.what)
		}
	}
}
