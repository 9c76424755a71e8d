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

    [Theory]
    [InlineData("""{ "type": "bearer", "token": "secret\r\nX-Evil: b" }""")]
    [InlineData("""{ "type": "bearer", "token": "secret\u00e9" }""")]
    [InlineData("""{ "type": "bearer", "token": "secret\u20ac" }""")]
    [InlineData("""{ "type": "header", "name": "X Key", "value": "secret" }""")]
    [InlineData("""{ "type": "header", "name": "X-K\u00e9y", "value": "secret" }""")]
    [InlineData("""{ "type": "header", "name": "", "value": "secret" }""")]
    [InlineData("""{ "type": "header", "name": "Content-Type", "value": "secret" }""")]
    [InlineData("""{ "type": "header", "name": "X-Key", "value": "secret\nX-Evil: b" }""")]
    [InlineData("""{ "type": "header", "name": "X-Key", "value": "secret\u0000" }""")]
    [InlineData("""{ "type": "header", "name": "X-Key", "value": "secret\u00fc" }""")]
    public void Altruist_whose_credentials_no_request_can_carry_is_passed_over_and_costs_no_other(string auth)
    {
        var set = SelectionReader.ReadSet(Told.Body(
            7, Told.Slot("0021", 7, [Strange("a", 100)], [Strange("b"), Told.Altruist("c"), Told.Altruist("d")]), Told.Slot("0022", 7, [Strange("a", 60), Told.Altruist("e", 40)], []), Told.Slot("0023", 7, [Strange("a", 100)], [])));

        var first = set.Find("0021")!;
        Assert.Equal((SelectionState.Fresh, "c 100", "d"), (first.State, $"{first.Primary!.Id} {first.Primary.Weight}", Assert.Single(first.Standbys).Id));
        Assert.Equal(["e"], set.Find("0022")!.Primaries.Select(altruist => altruist.Id));
        Assert.Equal((SelectionState.None, null), (set.Find("0023")!.State, set.Find("0023")!.Primary));
        Assert.Equal(["0021 a label-a", "0021 b label-b", "0022 a label-a", "0023 a label-a"], set.PassedOver.Select(altruist => $"{altruist.Chain} {altruist.Altruist} {altruist.Label}"));
        Assert.DoesNotContain("secret", string.Concat(set.PassedOver));

        JsonObject Strange(string id, int? weight = null) => Told.Altruist(id, weight, auth: JsonNode.Parse(auth)!.AsObject());
    }

    [Fact]
    public async Task Credentials_are_passed_over_exactly_where_a_request_with_them_would_fail_or_hold_control_characters()
    {
        using var sockets = new SocketsHttpHandler { ConnectCallback = static (_, _) => ValueTask.FromResult(Stream.Null) };
        using var http = new HttpMessageInvoker(sockets);
        for (var code = 0; code < 0x180; code++)
        {
            var value = $"a{(char)code}b";
            var set = SelectionReader.ReadSet(Told.Body(7, Told.Slot("0021", 7, [Told.Altruist("a", 100, auth: new JsonObject { ["type"] = "header", ["name"] = "X-Key", ["value"] = value })], [])));
            Assert.True(set.PassedOver.Any() == (char.IsControl((char)code) || !await IsSentAsync(value)), $"U+{code:X4}");
        }

        async Task<bool> IsSentAsync(string value)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "http://a.example");
            request.Headers.TryAddWithoutValidation("X-Key", value);
            // Whatever is sent, nobody answers.
            var failure = await Assert.ThrowsAsync<HttpRequestException>(() => http.SendAsync(request, TestContext.Current.CancellationToken));
            return failure.HttpRequestError == HttpRequestError.ResponseEnded;
        }
    }

    [Fact]
    public void Standby_serves_where_the_primary_is_of_a_kind_that_this_version_does_not_know()
    {
        var strange = Told.Altruist("a", 100, auth: new JsonObject { ["type"] = "mutual-tls" });
        strange.Remove("label");
        var selection = SelectionReader.ReadSet(Told.Body(7, Told.Slot("0021", 7, [strange], [Told.Altruist("b")]))).Find("0021")!;
        Assert.Equal(("b", 100), (selection.Primary!.Id, selection.Primary.Weight));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(101)]
    [InlineData(int.MaxValue)]
    public void Weight_that_is_no_percentage_is_nonsense(int weight) =>
        Assert.Throws<InvalidDataException>(() => SelectionReader.ReadSet(Told.Body(7, Told.Slot("0021", 7, [Told.Altruist("a", weight), Told.Altruist("b", weight)], []))));

    [Fact]
    public void Two_urls_for_the_same_type_of_calls_are_nonsense()
    {
        var body = Encoding.UTF8.GetString(Told.Body(7, Told.Slot("0021", 7, "a"))).Replace("\"urls\":{}", "\"urls\":{\"rest\":\"http://one\",\"rest\":\"http://other\"}", StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => SelectionReader.ReadSet(Encoding.UTF8.GetBytes(body)));
    }

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
