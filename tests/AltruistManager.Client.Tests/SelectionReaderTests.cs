using System.Text;
using System.Text.Json.Nodes;

namespace AltruistManager.Client.Tests;

public sealed class SelectionReaderTests
{
    [Fact]
    public void Body_of_the_contract_is_read_whole()
    {
        var slot = Told.Slot("0021", 7, [Told.Altruist("a", 60, auth: new JsonObject { ["type"] = "basic", ["username"] = "u", ["password"] = "p" }), Told.Altruist("b", 40)], [Told.Altruist("c")], timeoutMs: 2500);
        slot["state"] = "fallback";
        var set = SelectionReader.ReadSet(Told.Body(7, slot));

        var selection = set.Find("0021")!;
        Assert.Equal((Told.Region, "one", 7), (set.Region, set.Origin, set.Generation));
        Assert.Equal((SelectionState.Fallback, TimeSpan.FromSeconds(2.5), "decision-7"), (selection.State, selection.RequestTimeout, selection.Decision));
        Assert.Equal(["a 60", "b 40"], selection.Primaries.Select(altruist => $"{altruist.Id} {altruist.Weight}"));
        Assert.Equal(["c"], selection.Standbys.Select(altruist => altruist.Id));
        Assert.Equal((AltruistAuthType.Basic, "u", "p"), (selection.Primary!.Auth.Type, selection.Primary.Auth.Name, selection.Primary.Auth.Secret));
    }

    [Fact]
    public void Revoked_altruist_is_dropped_and_a_standby_serves_in_its_place()
    {
        var set = SelectionReader.ReadSet(Told.Body("one", 7, ["a", "c"], Told.Slot("0021", 7, "a", "b", "c"), Told.Slot("0022", 6, "c")));
        Assert.Equal(("b", 100, 0), (set.Find("0021")!.Primary!.Id, set.Find("0021")!.Primary!.Weight, set.Find("0021")!.Standbys.Count));
        Assert.Equal((SelectionState.None, null), (set.Find("0022")!.State, set.Find("0022")!.Primary));
    }

    [Fact]
    public void What_this_version_does_not_know_is_passed_over()
    {
        var strange = Told.Altruist("a", 50, auth: new JsonObject { ["type"] = "mutual-tls" });
        var slot = Told.Slot("0021", 7, [strange, Told.Altruist("b", 50)], [Told.Altruist("c", url: "ftp://c.example")]);
        slot["mood"] = new JsonArray(1, 2);
        slot["state"] = "sleepy";
        var selection = SelectionReader.ReadSet(Told.Body(7, slot)).Find("0021")!;
        Assert.Equal((SelectionState.Other, "b", 0), (selection.State, selection.Primary!.Id, selection.Standbys.Count));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("<html>")]
    [InlineData("""{ "region": "r", "origin": "o", "generation": "seven", "selections": [] }""")]
    [InlineData("""{ "region": "r", "origin": "o", "generation": 7, "selections": [{ "chain": "x" }] }""")]
    [InlineData("""{ "region": null, "origin": "o", "generation": 7, "selections": [] }""")]
    public void What_is_no_answer_of_a_manager_is_told_apart(string body) =>
        Assert.Throws<InvalidDataException>(() => SelectionReader.ReadSet(Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void Text_of_nothing_public_tells_a_secret()
    {
        var set = SelectionReader.ReadSet(Told.Body(7, Told.Slot("0021", 7, [Told.Altruist("a", 100, auth: new JsonObject { ["type"] = "bearer", ["token"] = "secret-token" })], [])));
        var selection = set.Find("0021")!;
        var text = $"{set} {selection} {selection.Primary} {selection.Primary!.Auth}";
        Assert.DoesNotContain("secret", text);
        Assert.Contains("label-a", text);
    }
}
