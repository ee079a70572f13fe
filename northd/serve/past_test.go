package serve

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/store/etcd"
)

// cluster is an etcd whose data can be put back to what they were.
type cluster struct {
	t      *testing.T
	dir    string
	listen []string
	*etcd.Server
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: t.TempDir()}
	c.start()
	c.listen = c.Endpoints()
	t.Cleanup(func() { c.Server.Close() })
	return c
}

func (c *cluster) start(listen ...string) {
	c.t.Helper()
	s, err := etcd.Start(c.t.Context(), etcd.Options{Dir: filepath.Join(c.dir, "etcd"), Listen: listen, NoSync: true})
	if err != nil {
		c.t.Fatal(err)
	}
	c.Server = s
}

// backup stops etcd, keeps its data, and starts it again.
func (c *cluster) backup() {
	c.t.Helper()
	c.Server.Close()
	c.copy("etcd", "saved")
	c.start(c.listen...)
}

// putBack stops etcd and starts it with the data that were kept, and with more
// revisions than there were, which have nothing to do with the databases.
func (c *cluster) putBack(more int) {
	c.t.Helper()
	c.Server.Close()
	c.copy("saved", "etcd")
	if more > 0 {
		c.start() // where nobody looks for it
		for i := range more {
			if _, err := c.Client.Put(c.t.Context(), "/other", fmt.Sprint(i)); err != nil {
				c.t.Fatal(err)
			}
		}
		c.Server.Close()
	}
	c.start(c.listen...)
}

func (c *cluster) copy(from, to string) {
	c.t.Helper()
	if err := os.RemoveAll(filepath.Join(c.dir, to)); err != nil {
		c.t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(c.dir, to), os.DirFS(filepath.Join(c.dir, from))); err != nil {
		c.t.Fatal(err)
	}
}

var indexInServer = regexp.MustCompile(`index:(\d+)`)

// An etcd that is put back to a backup in place is found to be another one, by
// who leads and by who stands by, also where it has come further meanwhile; a
// client that had something of what is lost is not told that nothing is new.
func TestEtcdPutBack(t *testing.T) {
	for _, more := range []int{0, 200} {
		t.Run(fmt.Sprint("more=", more), func(t *testing.T) {
			t.Parallel()
			c := startCluster(t)
			n0 := start(t, c.Server, "n0")
			n0.must("nb", "--wait=sb", "ls-add", "kept")
			n0.stop()
			c.backup()
			n1, n2 := start(t, c.Server, "n1"), start(t, c.Server, "n2")
			n1.must("nb", "--wait=sb", "ls-add", "lost", "--", "lsp-add", "lost", "p1")
			n1.must("nb", "--wait=sb", "lsp-add", "lost", "p2")
			n2.must("sb", "wait-until", "Port_Binding", "p2", "tunnel_key=2")
			since := func(d *daemon, last string) string {
				p := newProbe(t, d.path("sb"))
				return p.call(fmt.Sprintf(`{"id":1,"method":"monitor_cond_since","params":["OVN_Southbound","m",{"Port_Binding":[{"columns":["logical_port"]}]},%q]}`, last))
			}
			name := regexp.MustCompile(`"([0-9a-f-]{36})",\{`)
			last := name.FindStringSubmatch(since(n1, "00000000-0000-0000-0000-000000000000"))[1]
			if got := since(n2, last); !strings.Contains(got, `[true,"`+last) {
				t.Errorf("the standby does not know the leader's state %s: %s", last, got)
			}
			var before int
			fmt.Sscan(indexInServer.FindStringSubmatch(n1.server())[1], &before)

			gone := []*probe{newProbe(t, n1.path("nb")), newProbe(t, n2.path("nb"))}
			c.putBack(more)
			for _, p := range gone {
				p.closed()
			}
			lead := n1
			for _, d := range []*daemon{n1, n2} {
				d.serves()
				if got := d.must("nb", "--no-leader-only", "ls-list"); !strings.Contains(got, "(kept)") || strings.Contains(got, "(lost)") {
					t.Errorf("switches of an etcd that was put back: %s", got)
				}
				if got := since(d, last); !strings.Contains(got, "[false,") {
					t.Errorf("a state of what is lost is known: %s", got)
				}
				var now int
				if fmt.Sscan(indexInServer.FindStringSubmatch(d.server())[1], &now); now < before {
					t.Errorf("the index went back from %d to %d: clients will not come", before, now)
				}
				if strings.Contains(d.server(), "leader:true") {
					lead = d
				}
			}
			lead.must("nb", "--wait=sb", "ls-add", "new", "--", "lsp-add", "new", "p3")
			n2.must("sb", "wait-until", "Port_Binding", "p3", "tunnel_key=1")
			n1.must("sb", "wait-until", "Port_Binding", "p3", "tunnel_key=1")
			n1.well()
			n2.well()
		})
	}
}
