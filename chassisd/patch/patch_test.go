package patch

import (
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/vswitch"
)

// TestPlan: what is added and deleted, by what there is.
func TestPlan(t *testing.T) {
	br, ex, other := Bridge{"b", "br-int"}, Bridge{"e", "br-ex"}, Bridge{"o", "br-o"}
	near := Port{"n", "b", "patch-br-int-to-net", "patch", "patch-net-to-br-int", "net"}
	far := Port{"f", "e", "patch-net-to-br-int", "patch", "patch-br-int-to-net", "net"}
	moved := far
	moved.Bridge = "o"
	for _, c := range []struct {
		what string
		want []Want
		have []Port
		txn  []string // what its operations hold, one after another
		bad  string
	}{
		{"nothing there", []Want{{"net", ex}}, nil, []string{`"peer","patch-net-to-br-int"`, `"ovn-localnet-port","net"`, `"b"`, `"peer","patch-br-int-to-net"`, `"ovn-localnet-port","net"`, `"e"`}, ""},
		{"all there", []Want{{"net", ex}}, []Port{near, far}, nil, ""},
		{"unwanted", nil, []Port{near, far}, []string{`"delete",["named-uuid","n"]`, `"delete",["named-uuid","f"]`}, ""},
		{"on another bridge", []Want{{"net", other}}, []Port{near, far}, []string{`"delete",["named-uuid","f"]`, `"name":"patch-net-to-br-int"`, `"o"`}, ""},
		{"the old one is on another bridge", []Want{{"net", ex}}, []Port{near, moved}, []string{`"delete",["named-uuid","f"]`, `"name":"patch-net-to-br-int"`, `"e"`}, ""},
		{"of another integration bridge", nil, []Port{{"x", "e", "patch-net-to-br-2", "patch", "patch-br-2-to-net", "net"}}, nil, ""},
		{"somebody's port has the name", []Want{{"net", ex}}, []Port{near, {"x", "e", "patch-net-to-br-int", "internal", "", ""}}, nil, "somebody else has a port patch-net-to-br-int"},
	} {
		var txn vswitch.Txn
		bad := Plan(&txn, br, c.want, c.have)
		rest := txn.String()
		for _, part := range c.txn {
			_, after, ok := strings.Cut(rest, part)
			if !ok {
				t.Errorf("%s: no %s in\n%s", c.what, part, txn.String())
			}
			rest = after
		}
		if c.txn == nil && !txn.Empty() {
			t.Errorf("%s:\n%s", c.what, txn.String())
		}
		if got := strings.Join(bad, "\n"); c.bad == "" && got != "" || !strings.Contains(got, c.bad) {
			t.Errorf("%s: problems %q", c.what, got)
		}
	}
}
