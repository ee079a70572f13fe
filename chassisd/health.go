package chassisd

import "github.com/weft-sdn/weft/proto/admin"

// health is the health service of the admin API, and what it was told last.
type health struct {
	server *admin.Server
	serves bool
}

// tellHealth keeps the health service: the agent serves once its flows were in the
// switch, and for as long as nothing has failed that is its own doing. That
// etcd is away is not: the agent goes on with what it has.
func (a *Agent) tellHealth() {
	h := a.health.Load()
	if h == nil {
		return
	}
	if serves := a.phase == running && a.healthy(); serves != h.serves {
		h.serves = serves
		h.server.SetServing(serves)
	}
}

// healthy tells whether no part has failed that is the agent's own doing: see configPart,
// tablesPart and switchPart.
func (a *Agent) healthy() bool {
	return a.configured() && a.checkErr == nil && a.of != nil && a.of.Connected()
}
