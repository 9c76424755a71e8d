using AltruistManager.Chains;
using AltruistManager.Chains.Protocols;
using AltruistManager.Probing;
using AltruistManager.Tests.Probing;

namespace AltruistManager.Tests.Chains.Protocols;

/// <summary>Answers as the documentation of the nodes shows them, byte for byte but shortened, and what is read in them. One test per protocol.</summary>
public sealed class RecordedAnswerTests : IDisposable
{
    private readonly ProbeBench bench = new();

    public static MatrixTheoryData<string, string> SyncingAnswers => new(
        ["cometbft", "near", "substrate", "json for cometbft"],
        ["true", "false", "\"true\"", "\"maybe\"", "\"\"", "1", "null", """{"current":1}""", "[true]", ""]);

    public void Dispose() => bench.Dispose();

    [Fact]
    public Task Solana() => AssertReadAsync(
        "solana", 335_200_000, "2025-04-21T10:30:01Z", null, "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d", 335_199_968, "3Eq21vXNB5s86c62bVuUfTeaMif1N2kUqRPBmGRJhyTA", null,
        new()
        {
            ["""getSlot [{"commitment":"confirmed"}]"""] = "335200000",
            ["getBlockTime [335200000]"] = "1745231401",
            ["getGenesisHash []"] = "\"5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d\"",
            ["""getBlock [335199968,{"encoding":"json","transactionDetails":"none","rewards":false,"maxSupportedTransactionVersion":0,"commitment":"confirmed"}]"""] =
                """{"blockHeight":313400000,"blockTime":1745231388,"blockhash":"3Eq21vXNB5s86c62bVuUfTeaMif1N2kUqRPBmGRJhyTA","parentSlot":335199967,"previousBlockhash":"mfcyqEXB3DnHXki6KjjmZck6YjmZLvpAByy2fj4nh6B"}""",
        });

    [Theory]
    [InlineData("""error {"code":-32007,"message":"Slot 335199968 was skipped, or missing due to ledger jump to recent snapshot"}""")]
    [InlineData("""error {"code":-32009,"message":"Slot 335199968 was skipped, or missing in long-term storage"}""")]
    [InlineData("""error {"code":-32004,"message":"Block not available for slot 335199968"}""")]
    [InlineData("null")]
    public Task Solana_slot_without_a_block(string answer) => AssertReadAsync(
        "solana", 335_200_000, null, null, null, 335_199_968, null, null,
        new()
        {
            ["""getSlot [{"commitment":"confirmed"}]"""] = "335200000",
            ["getBlockTime [335200000]"] = """error {"code":-32004,"message":"Block not available for slot 335200000"}""",
            ["getBlock"] = answer,
        },
        "identity: getGenesisHash: error -32601 Method not found");

    [Fact]
    public Task CometBft() => AssertReadAsync(
        "cometbft", 25_214_010, "2025-04-21T10:30:01.1234568Z", "1f4e2b0d2e0f9a5f9b7b3f9a3c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3", "cosmoshub-4", 25_213_978, "2f4e2b0d2e0f9a5f9b7b3f9a3c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3", false,
        new()
        {
            ["status {}"] =
                """
                {"node_info":{"protocol_version":{"p2p":"8","block":"11","app":"0"},"id":"5c5b","listen_addr":"tcp://0.0.0.0:26656","network":"cosmoshub-4","version":"0.37.13","channels":"40","moniker":"node","other":{"tx_index":"on","rpc_address":"tcp://0.0.0.0:26657"}},
                 "sync_info":{"latest_block_hash":"1F4E2B0D2E0F9A5F9B7B3F9A3C1D2E4F5A6B7C8D9E0F1A2B3C4D5E6F708192A3","latest_app_hash":"00","latest_block_height":"25214010","latest_block_time":"2025-04-21T10:30:01.123456789Z","earliest_block_hash":"00","earliest_app_hash":"00","earliest_block_height":"5200791","earliest_block_time":"2021-02-18T06:00:00Z","catching_up":false},
                 "validator_info":{"address":"00","pub_key":{"type":"tendermint/PubKeyEd25519","value":"A"},"voting_power":"0"}}
                """,
            ["""blockchain {"minHeight":"25213978","maxHeight":"25213978"}"""] =
                """{"last_height":"25214010","block_metas":[{"block_id":{"hash":"2F4E2B0D2E0F9A5F9B7B3F9A3C1D2E4F5A6B7C8D9E0F1A2B3C4D5E6F708192A3","parts":{"total":1,"hash":"00"}},"block_size":"41234","header":{"version":{"block":"11"},"chain_id":"cosmoshub-4","height":"25213978","time":"2025-04-21T10:27:01Z","last_block_id":{"hash":"33","parts":{"total":1,"hash":"44"}}},"num_txs":"12"}]}""",
        });

    [Fact]
    public Task CometBft_without_the_header() => AssertReadAsync(
        "cometbft", 10, "2025-04-21T10:30:01Z", null, "osmosis-1", 5, null, true,
        new()
        {
            ["status {}"] = """{"node_info":{"network":"osmosis-1"},"sync_info":{"latest_block_hash":"","latest_block_height":"10","latest_block_time":"2025-04-21T10:30:01Z","catching_up":true} }""",
            ["blockchain"] = """error {"code":-32603,"message":"Internal error","data":"min height 5 can't be greater than max height 3"}""",
        });

    [Fact]
    public Task Near() => AssertReadAsync(
        "near", 145_600_000, "2025-04-21T10:30:01.1234568Z", "6Rj8CUDRvdN1R2JvVDwmL4TFzNCyZfFLQfCzY3zQawwp", "mainnet", 145_599_968, "4reLvkAWfqk5fsqio1KLudk46cqRz9erQdaHkWZKMJDZ", false,
        new()
        {
            ["status []"] =
                """
                {"chain_id":"mainnet","latest_protocol_version":76,"protocol_version":76,"rpc_addr":"0.0.0.0:3030","node_public_key":"ed25519:A","validators":[{"account_id":"figment.poolv1.near"}],"error":"wasm execution failed",
                 "sync_info":{"latest_block_hash":"6Rj8CUDRvdN1R2JvVDwmL4TFzNCyZfFLQfCzY3zQawwp","latest_block_height":145600000,"latest_state_root":"A","latest_block_time":"2025-04-21T10:30:01.123456789Z","syncing":false,"earliest_block_height":145300000},"version":{"version":"2.5.1"}}
                """,
            ["""block {"block_id":145599968}"""] = """{"author":"pool","header":{"height":145599968,"prev_height":145599967,"hash":"4reLvkAWfqk5fsqio1KLudk46cqRz9erQdaHkWZKMJDZ","timestamp":1745231368123456789},"chunks":[{"chunk_hash":"A"}]}""",
        });

    [Fact]
    public Task Near_without_the_block() => AssertReadAsync(
        "near", 10, "2025-04-21T10:30:01Z", null, "testnet", 5, null, true,
        new()
        {
            ["status []"] = """{"chain_id":"testnet","sync_info":{"latest_block_hash":"!","latest_block_height":10,"latest_block_time":"2025-04-21T10:30:01Z","syncing":true} }""",
            ["block"] = """error {"name":"HANDLER_ERROR","cause":{"info":{},"name":"UNKNOWN_BLOCK"},"code":-32000,"message":"Server error","data":"DB Not Found Error: BLOCK HEIGHT: 5"}""",
        });

    [Fact]
    public Task Substrate() => AssertReadAsync(
        "substrate", 25_600_000, "2025-04-21T10:30:00Z", "0xd1b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3", "0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3", 25_599_968, "0xa1b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3", false,
        new()
        {
            ["chain_getHeader []"] = """{"parentHash":"0xa1","number":"0x186a000","stateRoot":"0xb2","extrinsicsRoot":"0xc3","digest":{"logs":["0x06424142"]} }""",
            ["chain_getBlockHash [25600000]"] = "\"0xd1b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3\"",
            ["""state_getStorage ["0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb","0xd1b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3"]"""] = "\"0x40cce55796010000\"",
            // That of whatever block is the newest by now.
            ["""state_getStorage ["0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb"]"""] = "\"0xb0e3e55796010000\"",
            ["chain_getBlockHash [0]"] = "\"0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3\"",
            ["chain_getBlockHash [25599968]"] = "\"0xA1B171BB158E2D3848FA23A9F1C25182FB8E20313B2C1EB49219DA7A70CE90C3\"",
            ["system_health []"] = """{"peers":0,"isSyncing":false,"shouldHavePeers":true}""",
        });

    [Fact]
    public Task Substrate_without_timestamps() => AssertReadAsync(
        "substrate", 16, null, null, null, 5, null, null,
        new() { ["chain_getHeader []"] = """{"number":"0x10"}""", ["state_getStorage"] = "null", ["chain_getBlockHash [0]"] = "null", ["chain_getBlockHash [5]"] = "null", ["system_health []"] = """{"isSyncing":"no"}""" },
        "identity: the genesis hash is not one");

    [Fact]
    public Task Pocket() => AssertReadAsync(
        "pocket", 167_500, "2025-04-21T10:30:01.1234568Z", "1f4e2b0d2e0f9a5f9b7b3f9a3c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3", "mainnet", 167_468, "2f4e2b0d2e0f9a5f9b7b3f9a3c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3", null,
        new()
        {
            ["POST /v1/query/height"] = """{"height":167500}""",
            ["""POST /v1/query/block {"height":167500}"""] = PocketBlock(167_500, '1'),
            ["""POST /v1/query/block {"height":0}"""] = PocketBlock(167_500, '1'),
            ["""POST /v1/query/block {"height":167468}"""] = PocketBlock(167_468, '2'),
        });

    [Fact]
    public Task Pocket_without_the_block() => AssertReadAsync(
        "pocket", 10, null, null, null, 5, null, null,
        new() { ["POST /v1/query/height"] = """{"height":10}""", ["""POST /v1/query/block {"height":5}"""] = """400 {"code":400,"message":"Height must be less than or equal to the current blockchain height"}""" },
        "identity: HTTP 404: error no such path");

    private const string SuiHead = """POST / {"query":"{ chainIdentifier checkpoint { sequenceNumber digest timestamp } }"}""";

    [Theory]
    [InlineData("35834a8a")]
    [InlineData("4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S")]
    public Task Sui(string identifier) => AssertReadAsync(
        "sui", 138_000_000, "2025-04-21T10:30:01.123Z", "5btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S", "35834a8a", 137_999_968, "9btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S", null,
        new()
        {
            [SuiHead] = $$"""{"data":{"chainIdentifier":"{{identifier}}","checkpoint":{"sequenceNumber":138000000,"digest":"5btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S","timestamp":"2025-04-21T10:30:01.123Z"} } }""",
            ["""POST / {"query":"{ checkpoint(sequenceNumber: 137999968) { sequenceNumber digest } }"}"""] = """{"data":{"checkpoint":{"sequenceNumber":137999968,"digest":"9btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S"} } }""",
        });

    [Fact]
    public Task Sui_without_the_checkpoint() => AssertReadAsync(
        "sui", 10, "2025-04-21T10:30:01Z", null, null, 5, null, null,
        new()
        {
            [SuiHead] = """{"data":{"chainIdentifier":"mainnet","checkpoint":{"sequenceNumber":10,"timestamp":"2025-04-21T10:30:01Z"} } }""",
            ["""POST / {"query":"{ checkpoint(sequenceNumber: 5) { sequenceNumber digest } }"}"""] = """{"data":{"checkpoint":null} }""",
        },
        "identity: the chain identifier is not one");

    /// <summary>Optimism's old history is on other software: the state begins at block 105,235,063, and each block with a transaction of the protocol's own.</summary>
    [Theory]
    [InlineData("0x1f", null)]
    [InlineData("0x2f", "has no state at block 105236662: what it answers for that height contradicts a transaction in block 105236663, as the newest state or an empty one does")]
    [InlineData("0x0", "has no state at block 105236662: what it answers for that height contradicts a transaction in block 105236663, as the newest state or an empty one does")]
    [InlineData("0x", "has no state at block 105236662: what it answers for that height contradicts a transaction in block 105236663, as the newest state or an empty one does")]
    public async Task Archive_of_Optimism_is_checked_against_its_transactions(string before, string? wrong)
    {
        await using var node = RecordedNode.With(new()
        {
            ["eth_chainId []"] = "\"0xa\"",
            ["eth_getBlockByNumber"] = """{"number":"0x645db77","timestamp":"0x6805fb99","hash":"0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3","transactions":[]}""",
            ["""eth_getBalance ["0x0000000000000000000000000000000000000000","0x1"]"""] = """error {"code":-32000,"message":"no historical RPC is available for this historical (pre-bedrock) execution request"}""",
            ["""eth_getBalance ["0x0000000000000000000000000000000000000000","0x645c277"]"""] = "\"0x2c3f8d1a\"",
            ["""eth_getTransactionByBlockNumberAndIndex ["0x645c8b7","0x0"]"""] = """{"blockHash":"0xa1","blockNumber":"0x645c8b7","from":"0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001","gas":"0xf4240","hash":"0xb1","input":"0x015d8eb9","nonce":"0xfffffffffffffffd","to":"0x4200000000000000000000000000000000000015","transactionIndex":"0x0","value":"0x0","type":"0x7e","sourceHash":"0xc1","mint":"0x0"}""",
            ["""eth_getTransactionByBlockNumberAndIndex ["0x645c8b7","0x1"]"""] = """{"blockHash":"0xa1","blockNumber":"0x645c8b7","from":"0x1e3d2bb1c8d3f3c2b8a4b5d0e9f7a6c5b4a39281","gas":"0x5208","hash":"0xb2","input":"0x","nonce":"0x1f","to":"0x4200000000000000000000000000000000000006","transactionIndex":"0x1","value":"0x1","type":"0x2","chainId":"0xa"}""",
            ["""eth_getTransactionCount ["0x1e3d2bb1c8d3f3c2b8a4b5d0e9f7a6c5b4a39281","0x645c8b6"]"""] = $"\"{before}\"",
            ["eth_getTransactionByBlockNumberAndIndex"] = "null",
        });

        var proof = await ProveAsync(node, "evm", "archive");

        Assert.Equal((wrong is null, wrong), (proof.Value, proof.Wrong));
    }

    /// <summary>As an odd or hostile node may answer: none of it may be repeated.</summary>
    [Theory]
    [InlineData("cometbft", """{"node_info":{"network":"<script>alert(1)</script>"},"sync_info":{"latest_block_height":"10","latest_block_time":"2025-04-21T10:30:01Z"} }""", "identity: the status names no network")]
    [InlineData("near", """{"chain_id":"main\u202enet","sync_info":{"latest_block_height":10,"latest_block_time":"2025-04-21T10:30:01Z"} }""", "identity: the status names no chain_id")]
    public async Task Identity_that_is_not_short_and_plain_is_none(string protocol, string status, string detail)
    {
        foreach (var answer in new[] { status, status.Replace("<script>alert(1)</script>", new string('x', 129), StringComparison.Ordinal).Replace("main\\u202enet", new string('x', 129), StringComparison.Ordinal) })
        {
            await using var node = RecordedNode.With(new() { ["status"] = answer });

            var result = await bench.ProbeAsync(node.Url, new ProbeQuestions(Identity: true, null, Syncing: false), protocol: ProtocolList.All.Find(protocol));

            Assert.Equal((ProbeOutcome.Ok, null, detail), (result.Outcome, result.Identity, result.Detail));
            Assert.True(result.IdentityMissed);
        }
    }

    [Theory]
    [InlineData("false", false)]
    [InlineData("""{"starting_block_num":1,"current_block_num":1300000,"highest_block_num":1300000}""", false)]
    [InlineData("""{"starting_block_num":"0x1","current_block_num":"0x13d618","highest_block_num":"0x13d620"}""", true)]
    [InlineData("true", null)]
    [InlineData("""{"stage":"unknown"}""", null)]
    public Task Starknet(string syncing, bool? said) => AssertReadAsync(
        "starknet", 1_300_000, "2025-04-21T10:30:01Z", "0x5c627d4aeb51280058bed93c7889bce78114d63baad1be0f0aeb32496d5f19c", "SN_MAIN", 1_299_968, "0x6c627d4aeb51280058bed93c7889bce78114d63baad1be0f0aeb32496d5f19c", said,
        new()
        {
            ["""starknet_getBlockWithTxHashes ["latest"]"""] = """{"status":"ACCEPTED_ON_L2","block_hash":"0x05c627d4aeb51280058bed93c7889bce78114d63baad1be0f0aeb32496d5f19c","parent_hash":"0x1","block_number":1300000,"new_root":"0x2","timestamp":1745231401,"sequencer_address":"0x3","l1_gas_price":{"price_in_wei":"0x1"},"transactions":["0x4"]}""",
            ["""starknet_getBlockWithTxHashes [{"block_number":1299968}]"""] = """{"status":"ACCEPTED_ON_L2","block_hash":"0x6C627d4aeb51280058bed93c7889bce78114d63baad1be0f0aeb32496d5f19c","block_number":1299968,"timestamp":1745231301,"transactions":[]}""",
            ["starknet_chainId []"] = "\"0x534e5f4d41494e\"",
            ["starknet_syncing []"] = syncing,
        });

    [Fact]
    public Task Starknet_without_the_block() => AssertReadAsync(
        "starknet", 10, "2025-04-21T10:30:01Z", "0x0", null, 5, null, null,
        new()
        {
            ["""starknet_getBlockWithTxHashes ["latest"]"""] = """{"block_hash":"0x0","block_number":10,"timestamp":1745231401}""",
            ["""starknet_getBlockWithTxHashes [{"block_number":5}]"""] = """error {"code":24,"message":"Block not found"}""",
            ["starknet_chainId []"] = "\"SN_MAIN\"",
        },
        "identity: the chain id is not a felt");

    [Fact]
    public Task Bitcoin() => AssertReadAsync(
        "bitcoin", 893_000, null, "00000000000000000001b9a9b3d1a1a2c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f7", "00000000000000000019f112ec0a9982926f1258cdcc558dd7c3b7e5dc7fa148", 892_968, "00000000000000000002b9a9b3d1a1a2c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f7", false,
        new()
        {
            ["getblockchaininfo []"] = """{"chain":"main","blocks":893000,"headers":893000,"bestblockhash":"00000000000000000001b9a9b3d1a1a2c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f7","difficulty":123.4,"time":1745231401,"mediantime":1745229000,"verificationprogress":0.99,"initialblockdownload":false,"chainwork":"00","size_on_disk":1,"pruned":false,"warnings":""}""",
            ["getblockhash [0]"] = "\"000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f\"",
            ["getblockhash [478559]"] = "\"00000000000000000019f112ec0a9982926f1258cdcc558dd7c3b7e5dc7fa148\"",
            ["getblockhash [892968]"] = "\"00000000000000000002b9a9b3d1a1a2c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f7\"",
        });

    [Fact]
    public async Task Bitcoin_and_Bitcoin_Cash_are_told_apart()
    {
        await using var cash = RecordedNode.With(new()
        {
            ["getblockchaininfo []"] = """{"chain":"main","blocks":893000,"bestblockhash":"000000000000000000651ef99cb9fcbe0dadde1d424bd9f15ff20136191a5eec","initialblockdownload":false}""",
            ["getblockhash [0]"] = "\"000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f\"",
            ["getblockhash [478559]"] = "\"000000000000000000651ef99cb9fcbe0dadde1d424bd9f15ff20136191a5eec\"",
        });

        var result = await bench.ProbeAsync(cash.Url, new ProbeQuestions(Identity: true, null, Syncing: false), protocol: ProtocolList.All.Find("bitcoin"));

        Assert.NotNull(result.Identity);
        Assert.NotEqual(new ChainCatalog().Find(new ChainId("F007"))!.Identity, result.Identity);
    }

    /// <summary>As Osmosis answers at old heights, whose staking parameters its binary of today does not find.</summary>
    [Fact]
    public async Task Archive_of_a_Cosmos_chain_does_not_depend_on_its_staking()
    {
        const string refused = """{"response":{"code":18,"log":"failed to load state at height 2; version mismatch on immutable IAVL tree; version does not exist. Version has either been pruned, or is for a future block height: invalid request","info":"","index":"0","key":null,"value":null,"proofOps":null,"height":"0","codespace":"sdk"} }""";
        var answers = new Dictionary<string, string>
        {
            ["status {}"] = """{"node_info":{"network":"osmosis-1"},"sync_info":{"latest_block_hash":"00","latest_block_height":"1001","latest_block_time":"2025-04-21T10:30:01Z","earliest_block_height":"1","catching_up":false} }""",
            ["blockchain"] = """{"last_height":"1001","block_metas":[{"block_id":{"hash":"2F"},"header":{"chain_id":"osmosis-1","height":"1","last_block_id":{"hash":"","parts":{"total":0,"hash":""} } },"num_txs":"0"}]}""",
            ["abci_query"] = """{"response":{"code":1,"log":"invalid denom: ","info":"","index":"0","key":null,"value":null,"proofOps":null,"height":"2","codespace":"undefined"} }""",
            ["""abci_query {"path":"/cosmos.auth.v1beta1.Query/Params","data":"","height":"2","prove":false}"""] = """{"response":{"code":0,"log":"","info":"","index":"0","key":null,"value":"CgA=","proofOps":null,"height":"2","codespace":""} }""",
            ["""abci_query {"path":"/cosmos.auth.v1beta1.Query/Params","data":"","height":"501","prove":false}"""] = """{"response":{"code":0,"log":"","info":"","index":"0","key":null,"value":"ChIIgAIQBxgKIMoEKOgH","proofOps":null,"height":"501","codespace":""} }""",
        };
        await using var archive = RecordedNode.With(answers);
        await using var pruned = RecordedNode.With(new(answers) { ["""abci_query {"path":"/cosmos.auth.v1beta1.Query/Params","data":"","height":"2","prove":false}"""] = refused });

        Assert.Equal((true, null), (await ProveAsync(archive, "cometbft", "archive")) is var proof ? (proof.Value, proof.Wrong) : default);
        Assert.Contains("has no state at block 2", (await ProveAsync(pruned, "cometbft", "archive")).Wrong, StringComparison.Ordinal);
    }

    [Fact]
    public Task Tron() => AssertReadAsync(
        "tron", 71_500_000, "2025-04-21T10:30:00Z", "0000000004430120d8a1b6a5a4c3d2e1f0a1b2c3d4e5f60718293a4b5c6d7e8f", "728126428", 71_499_968, "00000000044300ffd8a1b6a5a4c3d2e1f0a1b2c3d4e5f60718293a4b5c6d7e8f", null,
        new()
        {
            ["""POST /wallet/getblock {"detail":false}"""] = """{"blockID":"0000000004430120d8a1b6a5a4c3d2e1f0a1b2c3d4e5f60718293a4b5c6d7e8f","block_header":{"raw_data":{"number":71500000,"txTrieRoot":"ab","witness_address":"41","parentHash":"00","version":31,"timestamp":1745231400000},"witness_signature":"cd"} }""",
            // As a lite node answers what it filters.
            ["""POST /wallet/getblockbynum {"num":0}"""] = "this API is closed because this node is a lite fullnode",
            ["""POST /wallet/getblock {"id_or_num":"0","detail":false}"""] = """{"blockID":"00000000000000001ebf88508a03865c71d452e25f4d51194196a1d22b6653dc","block_header":{"raw_data":{"txTrieRoot":"00","parentHash":"e58f"} } }""",
            ["""POST /wallet/getblock {"id_or_num":"71499968","detail":false}"""] = """{"blockID":"00000000044300ffd8a1b6a5a4c3d2e1f0a1b2c3d4e5f60718293a4b5c6d7e8f","block_header":{"raw_data":{"number":71499968,"timestamp":1745231304000} } }""",
        });

    [Fact]
    public Task Algorand() => AssertReadAsync(
        "algorand", 49_000_000, "2025-04-21T10:30:01Z", null, "wGHE2Pwdvd7S12BL5FaOP20EGYesN73ktiC1qzkkit8=", 48_999_968, "QVABXPT2YVMSJUBHWVFJ7IZKVDHPQQJ4UPTEIQJ4M5RW3WZCCJTQ", false,
        new()
        {
            ["GET /v2/status"] = """{"catchpoint":"","catchup-time":0,"last-round":49000000,"last-version":"https://github.com/algorandfoundation/specs","next-version-round":49000001,"stopped-at-unsupported-round":false,"time-since-last-round":1200000000}""",
            ["GET /v2/blocks/49000000?header-only=true"] = """{"block":{"earn":1,"fees":"A","gen":"mainnet-v1.0","rnd":49000000,"ts":1745231401},"cert":{} }""",
            ["GET /v2/transactions/params"] = """{"consensus-version":"x","fee":0,"genesis-hash":"wGHE2Pwdvd7S12BL5FaOP20EGYesN73ktiC1qzkkit8=","genesis-id":"mainnet-v1.0","last-round":49000000,"min-fee":1000}""",
            ["GET /v2/blocks/48999968/hash"] = """{"blockHash":"QVABXPT2YVMSJUBHWVFJ7IZKVDHPQQJ4UPTEIQJ4M5RW3WZCCJTQ"}""",
        });

    [Fact]
    public Task Arweave() => AssertReadAsync(
        "arweave", 1_650_000, null, "KBpi1FK6eLMGU6ZYnx2_wlP2_GZ1hzppJrcb41Do-NWW7VytPAgqZn7Mn1oewJhX", "arweave.N.1", 1_649_968, "XwcWkjKLbXlDg8QcagmW0AN6c2V3y0lyHEaPLT2tUf8vH9kKM5OlfYmfKQtd6XxI", null,
        new()
        {
            ["GET /info"] = """{"version":5,"release":84,"queue_length":0,"peers":880,"node_state_latency":2,"network":"arweave.N.1","height":1650000,"current":"KBpi1FK6eLMGU6ZYnx2_wlP2_GZ1hzppJrcb41Do-NWW7VytPAgqZn7Mn1oewJhX","blocks":1650001}""",
            ["GET /block_index/1649968/1649968"] = """[{"tx_root":"6vJ1Ck2yTn9bTzJgQ0nDbX4WJ8p5e3sCkq9dT1mZ0aE","weave_size":"272912512345678","hash":"XwcWkjKLbXlDg8QcagmW0AN6c2V3y0lyHEaPLT2tUf8vH9kKM5OlfYmfKQtd6XxI"}]""",
        });

    [Fact]
    public Task Beacon() => AssertReadAsync(
        "eth-beacon", 11_500_000, null, "0xaf2d87b10e8b1e9d7c1c1a5c9d8e7f60718293a4b5c6d7e8f90a1b2c3d4e5f60", "0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95", 11_499_968, "0xbf2d87b10e8b1e9d7c1c1a5c9d8e7f60718293a4b5c6d7e8f90a1b2c3d4e5f60", true,
        new()
        {
            ["GET /eth/v1/beacon/headers/head"] = """{"execution_optimistic":false,"finalized":false,"data":{"root":"0xaf2d87b10e8b1e9d7c1c1a5c9d8e7f60718293a4b5c6d7e8f90a1b2c3d4e5f60","canonical":true,"header":{"message":{"slot":"11500000","proposer_index":"1","parent_root":"0x0","state_root":"0x0","body_root":"0x0"},"signature":"0x0"} } }""",
            ["GET /eth/v1/beacon/genesis"] = """{"data":{"genesis_time":"1606824023","genesis_validators_root":"0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95","genesis_fork_version":"0x00000000"} }""",
            ["GET /eth/v1/node/syncing"] = """{"data":{"head_slot":"11500000","sync_distance":"9","is_syncing":true,"is_optimistic":false,"el_offline":false} }""",
            ["GET /eth/v1/beacon/blocks/11499968/root"] = """{"execution_optimistic":false,"finalized":true,"data":{"root":"0xBF2d87b10e8b1e9d7c1c1a5c9d8e7f60718293a4b5c6d7e8f90a1b2c3d4e5f60"} }""",
        });

    [Fact]
    public Task Beacon_slot_without_a_block() => AssertReadAsync(
        "eth-beacon", 11_500_000, null, null, null, 5, null, null,
        new()
        {
            ["GET /eth/v1/beacon/headers/head"] = """{"data":{"header":{"message":{"slot":"11500000"} } } }""",
            ["GET /eth/v1/beacon/blocks/5/root"] = """404 {"code":404,"message":"NOT_FOUND: beacon block at slot 5"}""",
        },
        "identity: HTTP 404: error no such path");

    [Fact]
    public Task Radix() => AssertReadAsync(
        "radix", 250_000_000, "2025-04-21T10:30:00Z", "1f4e2b0d2e0f9a5f9b7b3f9a3c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3", "mainnet", 249_999_968, "2f4e2b0d2e0f9a5f9b7b3f9a3c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3", null,
        new()
        {
            ["""POST /core/status/network-status {"network":"mainnet"}"""] = """{"pre_genesis_state_identifier":{"state_version":0},"current_state_identifier":{"state_version":250000000,"state_tree_hash":"00","transaction_tree_hash":"1f4e2b0d2e0f9a5f9b7b3f9a3c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3","receipt_tree_hash":"00"},"current_epoch_round":{"epoch":180000,"round":9} }""",
            ["""POST /core/stream/transactions {"network":"mainnet","from_state_version":250000000,"limit":1}"""] = RadixTransaction(250_000_000, '1'),
            ["POST /core/status/network-configuration"] = """{"version":{"core_version":"1.3.0","api_version":"1.3.0"},"network":"mainnet","network_id":1,"network_hrp_suffix":"rdx"}""",
            ["""POST /core/stream/transactions {"network":"mainnet","from_state_version":249999968,"limit":1}"""] = RadixTransaction(249_999_968, '2'),
        });

    /// <summary>As a careless cache or load balancer gives it.</summary>
    [Theory]
    [InlineData("cometbft", "blockchain", """{"block_metas":[{"block_id":{"hash":"1F4E2B0D2E0F9A5F9B7B3F9A3C1D2E4F5A6B7C8D9E0F1A2B3C4D5E6F708192A3"},"header":{"height":"8"} }]}""")]
    [InlineData("near", "block", """{"header":{"height":8,"hash":"4reLvkAWfqk5fsqio1KLudk46cqRz9erQdaHkWZKMJDZ"} }""")]
    [InlineData("starknet", "starknet_getBlockWithTxHashes", """{"block_number":8,"block_hash":"0x1","timestamp":1}""")]
    [InlineData("evm", "eth_getBlockByNumber", """{"number":"0x8","hash":"0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3"}""")]
    [InlineData("pocket", """POST /v1/query/block {"height":7}""", """{"block":{"header":{"height":"8"} },"block_meta":{"block_id":{"hash":"1F4E2B0D2E0F9A5F9B7B3F9A3C1D2E4F5A6B7C8D9E0F1A2B3C4D5E6F708192A3"} } }""")]
    [InlineData("tron", """POST /wallet/getblock {"id_or_num":"7","detail":false}""", """{"blockID":"ab","block_header":{"raw_data":{"number":8} } }""")]
    [InlineData("radix", """POST /core/stream/transactions {"network":"mainnet","from_state_version":7,"limit":1}""", """{"transactions":[{"resultant_state_identifiers":{"state_version":8,"transaction_tree_hash":"ab"} }]}""")]
    public async Task Block_of_another_height_proves_nothing(string protocol, string asked, string answer)
    {
        await using var node = RecordedNode.With(new() { [asked] = answer });
        var question = new HashQuestion(ProtocolList.All.Find(protocol)!, 7);

        await bench.ProbeAsync(node.Url, protocol: question);

        Assert.Contains("not the one that was asked for", question.Reply.Wrong, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Archive_of_Algorand_is_the_first_block_and_one_in_the_middle()
    {
        await using var archive = RecordedNode.With(new()
        {
            ["GET /v2/status"] = """{"last-round":1000}""",
            ["GET /v2/blocks/1/hash"] = """{"blockHash":"A"}""",
            ["GET /v2/blocks/500/hash"] = """{"blockHash":"B"}""",
        });
        await using var relay = RecordedNode.With(new()
        {
            ["GET /v2/status"] = """{"last-round":1000}""",
            ["GET /v2/blocks/1/hash"] = """404 {"message":"ledger does not have entry 1 (latest 1000, committed 996)"}""",
        });

        Assert.True((await ProveAsync(archive, "algorand", "archive")).Value);
        Assert.Equal("does not have block 1: ledger does not have entry 1 (latest 1000, committed 996)", (await ProveAsync(relay, "algorand", "archive")).Wrong);
    }

    /// <summary>Advice of a shape that nobody knows is none: neither synced nor syncing.</summary>
    [Theory]
    [MemberData(nameof(SyncingAnswers))]
    public async Task Syncing_answer_of_another_shape_is_unknown(string protocol, string shape)
    {
        await using var node = RecordedNode.With(new()
        {
            ["status"] = protocol == "near"
                ? $$"""{"chain_id":"mainnet","sync_info":{"latest_block_height":10,"latest_block_time":"2025-04-21T10:30:01Z"{{Field("syncing")}},"extra":[{"syncing":true}]} }"""
                : $$"""{"node_info":{"network":"osmosis-1"},"sync_info":{"latest_block_height":"10","latest_block_time":"2025-04-21T10:30:01Z"{{Field("catching_up")}},"extra":{"catching_up":true} } }""",
            ["chain_getHeader"] = """{"number":"0xa"}""",
            ["system_health"] = $$"""{"peers":0{{Field("isSyncing")}},"extra":{"isSyncing":true} }""",
        });

        var result = await bench.ProbeAsync(node.Url, new ProbeQuestions(Identity: false, IntegrityHeight: null, Syncing: true), protocol: ProtocolTrapTests.Known[protocol].Questions);

        Assert.Equal((ProbeOutcome.Ok, 10), (result.Outcome, result.Height));
        bool? expected = shape switch
        {
            "true" or "\"true\"" => true,
            "false" => false,
            // Some declared ones tell for how long they have been catching up.
            "1" when protocol.StartsWith("json", StringComparison.Ordinal) => true,
            _ => null,
        };
        Assert.Equal(expected, result.Syncing);

        string Field(string name) => shape.Length == 0 ? "" : $",\"{name}\":{shape}";
    }

    private async Task<NodeReply<bool>> ProveAsync(TestNode node, string protocol, string capability)
    {
        var question = new CapabilityQuestion(ProtocolList.All.Find(protocol)!, capability);
        await bench.ProbeAsync(node.Url, protocol: question);
        return question.Reply;
    }

    private static string PocketBlock(long height, char digit) =>
        $$"""{"block":{"data":{"txs":["AAAA"]},"evidence":{"evidence":null},"header":{"app_hash":"","chain_id":"mainnet","height":"{{height}}","num_txs":"1","proposer_address":"ab","time":"2025-04-21T10:30:01.123456789Z","total_txs":"9"},"last_commit":{"block_id":{"hash":"00"},"precommits":[]} },"block_meta":{"block_id":{"hash":"{{digit}}F4E2B0D2E0F9A5F9B7B3F9A3C1D2E4F5A6B7C8D9E0F1A2B3C4D5E6F708192A3","parts":{"hash":"00","total":"1"} },"header":{"chain_id":"mainnet","height":"{{height}}"} } }""";

    private static string RadixTransaction(long version, char digit) =>
        $$"""{"previous_state_identifiers":{"state_version":1},"from_state_version":{{version}},"count":1,"max_ledger_state_version":250000000,"transactions":[{"resultant_state_identifiers":{"state_version":{{version}},"state_tree_hash":"00","transaction_tree_hash":"{{digit}}f4e2b0d2e0f9a5f9b7b3f9a3c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3","receipt_tree_hash":"00"},"ledger_transaction":{"type":"RoundUpdate","payload_hex":"00"},"proposer_timestamp_ms":1745231400000}]}""";

    private async Task AssertReadAsync(
        string protocol, long height, string? time, string? headHash, string? identity, long integrityHeight, string? integrityHash, bool? syncing, Dictionary<string, string> answers, string? detail = null)
    {
        await using var node = RecordedNode.With(answers);

        var result = await bench.ProbeAsync(node.Url, new ProbeQuestions(Identity: true, integrityHeight, Syncing: true), protocol: ProtocolList.All.Find(new NetworkId(protocol, "x"), []));

        Assert.True(result.Outcome == ProbeOutcome.Ok, $"{result.Outcome}: {result.Detail}\n{string.Join('\n', result.Exchanges.Select(exchange => $"{exchange.Asked} -> {exchange.Answered}"))}");
        Assert.Equal((height, headHash), (result.Height, result.HeadHash));
        Assert.Equal(time is null ? null : DateTimeOffset.Parse(time), result.HeadTime);
        Assert.Equal(identity, result.Identity);
        Assert.Equal((integrityHeight, integrityHash), (result.IntegrityHeight, result.IntegrityHash));
        Assert.Equal(syncing, result.Syncing);
        Assert.Equal(detail, result.Detail);
    }
}
