using AltruistManager.Probing;

namespace AltruistManager.Tests.Probing;

public sealed class HandleReserveTests
{
    [Theory]
    [InlineData(0, true)]
    [InlineData(831, true)]
    [InlineData(832, false)]
    [InlineData(1023, false)]
    public void Connections_to_altruists_leave_the_last_handles_alone(int newest, bool left) =>
        Assert.Equal(left, HandleReserve.IsLeft(newest, HandleReserve.OfProbes, limit: 1024));

    [Fact]
    public void Probes_stop_before_portals_are_refused() => Assert.True(HandleReserve.OfProbes > HandleReserve.OfClients);

    [Fact]
    public void Where_the_limit_is_not_known_nobody_is_refused() => Assert.True(HandleReserve.IsLeft(1_000_000, HandleReserve.OfProbes, limit: null));
}
