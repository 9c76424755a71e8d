using System.Text;
using AltruistManager.Selection;

namespace AltruistManager.Web.Tests.Api;

/// <summary>Snapshots of one region with slots as a test wants them.</summary>
internal static class FabricatedSnapshots
{
    public const string Region = "us-east";

    /// <param name="slots">Each chain with the generation that last changed it.</param>
    public static Snapshot Of(string origin, params (string Chain, long Generation)[] slots) => Of(origin, [], 0, 0, slots);

    /// <param name="revokedGeneration">That last changed the list.</param>
    /// <param name="padding">Makes each body longer by so many bytes.</param>
    public static Snapshot Of(string origin, string[] revoked, long revokedGeneration, int padding, params (string Chain, long Generation)[] slots)
    {
        var made = slots.Select(slot => new SnapshotSlot(
            [slot.Chain],
            new SlotAnswer(Answer.Of(
                Encoding.UTF8.GetBytes($$"""{"chain":"{{slot.Chain}}","origin":"{{origin}}","generation":{{slot.Generation}},"padding":"{{new string('x', padding)}}"}"""),
                slot.Generation,
                hasPick: true)))).ToList();
        var region = new SnapshotRegion(Region, origin, made, revoked, revokedGeneration);
        return new Snapshot(origin, region.Generation, "2026-11-21T07:05:00.000Z", [region], new Dictionary<SlotKey, SlotStatus>());
    }
}
